import { DistError } from '@dist/errdefs'
import { type Handler, type HandlerContext, skipDesc, type WalkOptions, walk } from '@dist/images'
import { type Descriptor, digestOf } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layer, treeOf } from './tree.js'

/** A walk with eight handlers at a time, unless the options say otherwise. */
const concurrentWalk = (handler: Handler, roots: readonly Descriptor[], options: WalkOptions = {}) =>
  walk(handler, roots, { concurrency: 8, ...options })

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Resolves when the signal aborts. */
const aborted = (signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))

const leaves = (count: number) => Array.from({ length: count }, (_, i) => layer(`leaf ${i}`))

describe('a concurrent walk', () => {
  it('handles everything once, parents before their children', async () => {
    const { handler, visited } = treeOf({
      a: [layer('b'), layer('c')],
      b: [layer('d')],
      c: [layer('d'), layer('e')],
    })
    await concurrentWalk(handler, [layer('a'), layer('a')])
    expect([...visited].sort().join('')).toBe('abcde')
    expect(visited[0]).toBe('a')
    expect(visited.indexOf('b')).toBeLessThan(visited.indexOf('d'))
    expect(visited.indexOf('c')).toBeLessThan(visited.indexOf('e'))
  })

  it('starts handlers depth first, in the order of the descriptors', async () => {
    const seen: string[] = []
    const roots = leaves(20)
    const handler = async (desc: Descriptor) => {
      seen.push(desc.digest)
      return desc === roots[0] ? [layer('child')] : []
    }
    await concurrentWalk(handler, roots, { concurrency: 1 })
    const [first, ...others] = roots.map((root) => root.digest)
    expect(seen).toEqual([first, digestOf('child'), ...others])
  })

  it('handles as many siblings at the same time as allowed, and never more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 40 }),
        async (concurrency, count) => {
          let running = 0
          let most = 0
          const handler = async () => {
            most = Math.max(most, ++running)
            await turn()
            running--
            return []
          }
          await concurrentWalk(handler, leaves(count), { concurrency })
          expect(most).toBe(Math.min(concurrency, count))
          expect(running).toBe(0)
        },
      ),
      { numRuns: 30 },
    )
  })

  it.each([0, -1, Number.NaN])('refuses a concurrency of %d rather than do nothing', async (concurrency) => {
    const done = concurrentWalk(async () => [], leaves(1), { concurrency })
    await expect(done).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('does nothing without roots', async () => {
    await expect(concurrentWalk(async () => expect.unreachable(), [])).resolves.toBeUndefined()
  })

  it('skips what is below a descriptor for skipDesc, and not its siblings', async () => {
    const { handler, visited } = treeOf({ a: [layer('b'), layer('c')], b: [layer('d')], c: [layer('e')] })
    const skipping = async (desc: Descriptor) => {
      const children = await handler(desc)
      return desc.digest === digestOf('b') ? skipDesc : children
    }
    await concurrentWalk(skipping, [layer('a')])
    expect(visited.join('')).toBe('abce')
  })

  it('R16: throws if one digest has two sizes', async () => {
    const { handler } = treeOf({ a: [layer('b', 5), layer('b', 6)] })
    await expect(concurrentWalk(handler, [layer('a')])).rejects.toMatchObject({ code: 'MALFORMED' })
    await expect(concurrentWalk(handler, [layer('b', 5), layer('b', 6)])).rejects.toMatchObject({
      code: 'MALFORMED',
    })
  })

  it('R15: takes no longer for each of 100,000 siblings than for one of few', async () => {
    const roots = leaves(100_000)
    let count = 0
    const started = process.cpuUsage()
    await concurrentWalk(async () => {
      count++
      return []
    }, roots)
    expect(count).toBe(100_000)
    // Seconds of processor time. Array.shift for each of them took seven.
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1e6).toBeLessThan(4)
  }, 30_000)
})

describe('the first error of a concurrent walk', () => {
  const first = layer('first')
  const failing =
    (others: (context: HandlerContext) => Promise<void>) =>
    async (desc: Descriptor, context: HandlerContext) => {
      if (desc === first) throw new DistError('NOT_FOUND', 'first')
      await others(context)
      return []
    }

  it('aborts the other handlers, waits until they have ended, and is thrown', async () => {
    let stopped = 0
    const handler = failing(async ({ signal }) => {
      if (!signal?.aborted) await aborted(signal)
      await turn()
      stopped++
      throw new DistError('CANCELED', 'second')
    })
    const done = concurrentWalk(handler, [layer('x'), layer('y'), first, layer('z')], { concurrency: 4 })
    await expect(done).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'first' })
    expect(stopped).toBe(3)
  })

  it('is the abort reason for the other handlers', async () => {
    let reason: unknown
    const handler = failing(async ({ signal }) => {
      await aborted(signal)
      reason = signal?.reason
    })
    await expect(concurrentWalk(handler, [layer('x'), first])).rejects.toThrow('first')
    expect(reason).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('starts no further handler', async () => {
    let begun = 0
    const handler = failing(async () => {
      begun++
    })
    await expect(concurrentWalk(handler, [first, ...leaves(50)], { concurrency: 1 })).rejects.toThrow('first')
    expect(begun).toBe(0)
  })

  it('may be thrown before the handler returns a promise', async () => {
    const handler = () => {
      throw new DistError('INTERNAL', 'at once')
    }
    await expect(concurrentWalk(handler, leaves(3))).rejects.toThrow('at once')
  })
})

describe('aborting a concurrent walk', () => {
  it('reaches the handlers, and is thrown as CANCELED', async () => {
    const controller = new AbortController()
    let begun = 0
    const handler = async (_: Descriptor, { signal }: HandlerContext) => {
      begun++
      controller.abort()
      expect(signal?.aborted).toBe(true)
      return []
    }
    const done = concurrentWalk(handler, leaves(20), { concurrency: 1, signal: controller.signal })
    await expect(done).rejects.toMatchObject({ code: 'CANCELED' })
    expect(begun).toBe(1)
  })

  it('before the start runs no handler', async () => {
    const done = concurrentWalk(async () => expect.unreachable(), leaves(2), { signal: AbortSignal.abort() })
    await expect(done).rejects.toMatchObject({ code: 'CANCELED' })
  })

  it('with a DistError throws that error', async () => {
    const reason = new DistError('UNAVAILABLE', 'lock lost')
    await expect(
      concurrentWalk(async () => [], leaves(1), { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
  })
})
