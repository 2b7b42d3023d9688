import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { applyLayer } from '@dist/rootfs'
import { ociImage, readTree, type Tree, type TreeNode, tarLayer } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type LayerStack, layerStacks, searchTime, testTime } from '../support/layer-stacks.js'
import { umociUnpack, writeLayout } from '../support/umoci.js'

const runs = 60
let scratch = ''

vi.setConfig({ testTimeout: testTime })

beforeAll(async () => {
  if (process.getuid?.() !== 0)
    throw new Error('owners and devices are compared with those that umoci makes: run this test as root')
  scratch = await mkdtemp(join(tmpdir(), 'dist-umoci-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

it('random stacks of layers give the tree that umoci makes of them', async () => {
  let compared = 0
  const property = fc.asyncProperty(layerStacks, async (stack) => {
    const directory = await mkdtemp(join(scratch, 'stack-'))
    const theirs = await umociTree(stack, directory)
    if (theirs !== undefined) {
      compared++
      expect(told(await ourTree(stack, directory), theirs)).toEqual(told(theirs, theirs))
    }
    await rm(directory, { recursive: true, force: true })
  })
  await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: searchTime })
  // Both tools refuse some stacks. Many stacks must be accepted, or the test proves little.
  expect(compared).toBeGreaterThan(runs / 3)
})

async function umociTree(stack: LayerStack, directory: string): Promise<Tree | undefined> {
  const layout = join(directory, 'layout')
  const target = join(directory, 'theirs')
  await writeLayout(layout, 'stack', ociImage({ layers: stack.map((entries) => tarLayer(entries)) }))
  const refusal = await umociUnpack(layout, 'stack', target)
  return refusal === undefined ? readTree(target) : undefined
}

async function ourTree(stack: LayerStack, directory: string): Promise<Tree> {
  const target = join(directory, 'ours')
  await mkdir(target, { mode: 0o755 })
  // So does umoci.
  await utimes(target, 0, 0)
  // Whether a failure could be undone makes no difference to what is made.
  for (const [i, entries] of stack.entries())
    await applyLayer(target, Readable.from(tarLayer(entries).open()), { undo: i % 2 === 1 })
  return readTree(target)
}

/** Microseconds: no entry has a later time. */
const latestInStacks = (10 ** 9 + 1) * 10 ** 6

/**
 * Without what a directory that no entry describes has from its making: the time, and in a directory with setgid the
 * group and that bit, which depend on whether the outer one has been described before.
 */
function told(tree: Tree, theirs: Tree): Record<string, Partial<TreeNode>> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, { mtime, owner, mode, ...node }]) => {
      const isDescribed = Number(theirs[path]?.mtime ?? 0) < latestInStacks
      return [path, isDescribed ? { ...node, mtime, owner, mode } : { ...node, mode: mode.slice(-3) }]
    }),
  )
}
