import { DistError } from '@dist/errdefs'
import { skipDesc, walk } from '@dist/images'
import { type Descriptor, digestOf } from '@dist/oci'
import { handlers } from '@dist/testkit'
import { describe, expect, it } from 'vitest'
import { index, layer, treeOf } from './tree.js'

const tree = { a: [layer('b'), layer('c')], b: [layer('d')], c: [layer('e'), layer('f')] }

describe('walk', () => {
  it('calls the handler for parents before their children, depth first', async () => {
    const { handler, visited } = treeOf(tree)
    await walk(handler, [layer('a'), layer('g')])
    expect(visited.join('')).toBe('abdcefg')
  })

  it('runs one handler at a time by default', async () => {
    let running = 0
    const { handler } = treeOf(tree)
    await walk(
      async (desc) => {
        expect(++running).toBe(1)
        await Promise.resolve()
        running--
        return handler(desc)
      },
      [layer('a')],
    )
  })

  it('does nothing without roots', async () => {
    await expect(walk(async () => expect.unreachable(), [])).resolves.toBeUndefined()
  })

  it('ends at the first error and throws it', async () => {
    const { handler, visited } = treeOf(tree)
    const failing = async (desc: Descriptor) => {
      if (desc.digest === digestOf('d')) throw new DistError('NOT_FOUND', 'no d')
      return handler(desc)
    }
    await expect(walk(failing, [layer('a')])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(visited.join('')).toBe('ab')
  })

  it('ends at an abort', async () => {
    const { handler, visited } = treeOf(tree)
    const controller = new AbortController()
    const aborting = async (desc: Descriptor) => {
      if (desc.digest === digestOf('b')) controller.abort()
      return handler(desc)
    }
    await expect(walk(aborting, [layer('a')], { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELED',
    })
    expect(visited.join('')).toBe('ab')
  })

  it('skips what is below a descriptor for skipDesc, and not its siblings', async () => {
    const { handler, visited } = treeOf(tree)
    const skipping = async (desc: Descriptor) => {
      const children = await handler(desc)
      return desc.digest === digestOf('b') ? skipDesc : children
    }
    await walk(skipping, [layer('a')])
    expect(visited.join('')).toBe('abcef')
  })

  it('R16: handles a layer that is named twice once', async () => {
    const { handler, visited } = treeOf({ a: [layer('b'), layer('b'), index('c')], c: [layer('b')] })
    await walk(handler, [layer('a'), layer('a')])
    expect(visited.join('')).toBe('abc')
  })

  it('R16: throws if one digest has two sizes', async () => {
    const { handler } = treeOf({ a: [layer('b', 5), layer('c'), layer('b', 6)] })
    const message = expect.stringContaining(`${digestOf('b')} is named with two sizes, 5 and 6 bytes`)
    await expect(walk(handler, [layer('a')])).rejects.toMatchObject({
      code: 'MALFORMED',
      message,
      retryable: false,
    })
  })

  it('walks a manifest that was visited as a layer before', async () => {
    const { handler, visited } = treeOf({ a: [layer('b'), index('b')], b: [layer('c')] })
    await walk(handler, [index('a')])
    expect(visited.join('')).toContain('c')
  })

  it('ends in a circle', async () => {
    const { handler, visited } = treeOf({ a: [index('b')], b: [index('a')] })
    await walk(handler, [index('a')])
    expect(visited.join('')).toBe('ab')
  })
})

describe('handlers', () => {
  const giving =
    (calls: string[], name: string, ...children: Descriptor[]) =>
    async () => {
      calls.push(name)
      return children
    }

  it('calls each in turn and returns the children of all, in order', async () => {
    const calls: string[] = []
    const all = handlers(
      giving(calls, 'first', layer('a')),
      giving(calls, 'second'),
      giving(calls, 'third', layer('b')),
    )
    expect(await all(layer('x'), {})).toEqual([layer('a'), layer('b')])
    expect(calls).toEqual(['first', 'second', 'third'])
  })

  it('calls the second after the first has ended', async () => {
    let done = false
    const slow = async () => {
      await new Promise(setImmediate)
      done = true
      return []
    }
    const next = async () => {
      expect(done).toBe(true)
      return []
    }
    await handlers(slow, next)(layer('x'), {})
  })

  it('ends with skipDesc from one', async () => {
    const calls: string[] = []
    const all = handlers(giving(calls, 'first', layer('a')), async () => skipDesc, giving(calls, 'third'))
    expect(await all(layer('x'), {})).toBe(skipDesc)
    expect(calls).toEqual(['first'])
  })

  it('ends with an error from one', async () => {
    const calls: string[] = []
    const failing = async () => {
      throw new DistError('NOT_FOUND', 'gone')
    }
    await expect(handlers(failing, giving(calls, 'second'))(layer('x'), {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(calls).toEqual([])
  })

  it('passes the signal to each', async () => {
    const { signal } = new AbortController()
    const seen: unknown[] = []
    const looking = async (_: Descriptor, context: { signal?: AbortSignal | undefined }) => {
      seen.push(context.signal)
      return []
    }
    await handlers(looking, looking)(layer('x'), { signal })
    expect(seen).toEqual([signal, signal])
  })

  it('without handlers returns no children, and returns any number of children', async () => {
    const many = new Array<Descriptor>(300_000).fill(index('a'))
    expect(await handlers()(layer('x'), {})).toEqual([])
    expect(await handlers(async () => many)(layer('x'), {})).toHaveLength(300_000)
  })
})
