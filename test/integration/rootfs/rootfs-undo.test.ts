import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { codeOf } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { type ApplyOptions, applyLayer } from '@dist/rootfs'
import { readTree, type TarEntry, type Tree, tarArchive } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type LayerStack, layerStacks, searchTime, testTime } from '../support/layer-stacks.js'

const runs = 60
const superuser = 0
const nobody = 65_534
const otherDiffID = digestOf(Buffer.from('no layer'))
let scratch = ''

vi.setConfig({ testTimeout: testTime })

beforeAll(() => {
  if (process.geteuid?.() !== superuser)
    throw new Error('layers are applied as the superuser and as another user: run this test as root')
  scratch = mkdtempSync(join(tmpdir(), 'dist-undo-'))
  chmodSync(scratch, 0o755)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

it.each([
  ['the superuser', superuser],
  ['another user', nobody],
])(
  'L15 whatever %s has applied, a layer that is wrong at its end leaves all of it as it was',
  async (_, uid) => {
    let applied = 0
    const property = fc.asyncProperty(layerStacks, async (stack) => {
      const target = mkdtempSync(join(scratch, 'target-'))
      chownSync(target, uid, uid)
      applied += await as(uid, () => applyAndUndo(stack, target))
      rmSync(target, { recursive: true, force: true })
    })
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: searchTime })
    expect(applied).toBeGreaterThan(runs)
  },
)

it('a layer may take from the root the right to change it, after it has changed it', async () => {
  const target = mkdtempSync(join(scratch, 'target-'))
  chownSync(target, nobody, nobody)
  const upper: TarEntry[] = [{ path: '.wh.file' }, { path: './', type: 'directory', mode: 0o444 }]
  const outcomes = await as(nobody, async () => [
    await outcome(target, [{ path: 'file' }]),
    await outcome(target, upper, { diffID: otherDiffID }),
    await outcome(target, upper),
  ])
  expect(outcomes).toEqual(['applied', 'FAILED_PRECONDITION', 'applied'])
  expect(treeOf(target)).toEqual({ '.': expect.objectContaining({ mode: '444' }) })
})

/** Each layer twice wrong and then right; resolves to how many came before one that is refused anyway. */
async function applyAndUndo(stack: LayerStack, target: string): Promise<number> {
  for (const [i, entries] of stack.entries()) {
    const before = treeOf(target)
    const code = await outcome(target, entries, { diffID: otherDiffID })
    expect(treeOf(target)).toEqual(before)
    expect(await outcome(target, [...entries, { path: '../out' }])).not.toBe('applied')
    expect(treeOf(target)).toEqual(before)
    if (code !== 'FAILED_PRECONDITION') return i
    expect(await outcome(target, entries)).toBe('applied')
  }
  return stack.length
}

function outcome(target: string, entries: readonly TarEntry[], options: ApplyOptions = {}): Promise<string> {
  return applyLayer(target, Readable.from([tarArchive(entries)]), options).then(
    () => 'applied',
    (error: unknown) => codeOf(error),
  )
}

async function as<T>(uid: number, work: () => Promise<T>): Promise<T> {
  process.seteuid?.(uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(superuser)
  }
}

/** Read as the superuser: layers make directories that their owner cannot enter. */
function treeOf(target: string): Tree {
  const uid = process.geteuid?.() ?? superuser
  process.seteuid?.(superuser)
  try {
    return readTree(target)
  } finally {
    process.seteuid?.(uid)
  }
}
