import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { DistError } from '@dist/errdefs'
import { applyLayer } from '@dist/rootfs'
import { readTree, type Tree, tarLayer } from '@dist/testkit/fixtures'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { hostileStacks, outsideName, secretName } from '../support/hostile-stacks.js'
import { type LayerStack, searchTime, testTime } from '../support/layer-stacks.js'

const runs = 200
const secret = 'untouched'
let scratch = ''
let target = ''
let home = ''

vi.setConfig({ testTimeout: testTime })

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dist-hostile-'))
  target = join(scratch, 'target')
  home = process.cwd()
})
afterAll(() => {
  process.chdir(home)
  rmSync(scratch, { recursive: true, force: true })
})

it('L1 L2 L3 L4 hostile layers touch nothing beside the target, and one that is refused nothing in it', async () => {
  const seen = { applied: 0, refused: 0 }
  const property = fc.asyncProperty(hostileStacks(scratch), fc.boolean(), async (stack, undo) => {
    for (const name of [outsideName, 'target']) rmSync(join(scratch, name), { recursive: true, force: true })
    makeOutside()
    makeTarget()
    // A link whose target were taken as relative to the process would lead here.
    process.chdir(join(scratch, outsideName))
    const before = readOutside()
    await applyAll(stack, undo, seen)
    expect(readOutside()).toEqual(before)
    expect(leaked()).toEqual([])
  })
  await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: searchTime })
  expect(seen.applied).toBeGreaterThan(runs / 4)
  expect(seen.refused).toBeGreaterThan(runs / 4)
})

/** One after the other, whatever becomes of those before. */
async function applyAll(
  stack: LayerStack,
  undo: boolean,
  seen: { applied: number; refused: number },
): Promise<void> {
  for (const entries of stack) {
    const before = readTree(target)
    try {
      await applyLayer(target, Readable.from(tarLayer(entries).open()), { undo })
      seen.applied++
    } catch (error) {
      // Anything else is a defect of ours, not a reason to refuse.
      expect(error).toBeInstanceOf(DistError)
      expect((error as DistError).code).toMatch(/^(MALFORMED|RESOURCE_EXHAUSTED|NOT_IMPLEMENTED)$/)
      if (undo) expect(readTree(target)).toEqual(before)
      seen.refused++
    }
  }
}

function makeOutside(): void {
  const outside = join(scratch, outsideName)
  mkdirSync(join(outside, 'a'), { recursive: true })
  for (const file of [secretName, 'a/file']) {
    writeFileSync(join(outside, file), secret)
    chmodSync(join(outside, file), 0o600)
  }
  symlinkSync(secretName, join(outside, 'b'))
  for (const path of [secretName, 'a/file', 'a', '.']) utimesSync(join(outside, path), 1000, 1000)
}

/** With ways out that were there before: a link, and a file that is the same as one outside. */
function makeTarget(): void {
  mkdirSync(join(target, 'kept'), { recursive: true })
  mkdirSync(join(target, 'deep'))
  writeFileSync(join(target, 'kept', 'file'), 'kept', { mode: 0o4755 })
  symlinkSync(`../${outsideName}`, join(target, 'escape'))
  symlinkSync(join(scratch, outsideName), join(target, 'deep', 'escape'))
  linkSync(join(scratch, outsideName, secretName), join(target, 'shared'))
  for (const path of ['kept/file', 'kept', 'deep', '.']) utimesSync(join(target, path), 2000, 2000)
}

/** All of the scratch directory but the target: also what is new beside it. */
function readOutside(): Tree {
  const isOurs = (path: string) => path === 'target' || path.startsWith('target/') || path === '.'
  return Object.fromEntries(Object.entries(readTree(scratch)).filter(([path]) => !isOurs(path)))
}

/** Where the target shows what stands outside; one file of it is the same from the start. */
function leaked(): string[] {
  const files = Object.entries(readTree(target)).filter(([, { content }]) => content === secret)
  return files.map(([path]) => path).filter((path) => path !== 'shared')
}
