import { expect, it } from 'vitest'
import { gatherLines } from '../src/report/gather.js'

it('lines are written in order, many at once, in bounded memory', async () => {
  const written: string[] = []
  const lines = gatherLines(async (text) => void written.push(text))
  const all = Array.from({ length: 5_000 }, (_, i) => `line ${i} ${'x'.repeat(90)}\n`)
  for (const line of all) await lines.add(line)
  const before = written.length
  expect(before).toBeGreaterThan(1)
  await lines.end()
  expect(written.join('')).toBe(all.join(''))
  expect(written).toHaveLength(before + 1)
  for (const text of written) expect(text.length).toBeLessThan(66_000)
})

it('a failed write is thrown once, and its lines are not written again', async () => {
  let calls = 0
  const lines = gatherLines(async () => {
    calls++
    throw new Error('no space')
  })
  await lines.add('short\n')
  await expect(lines.end()).rejects.toThrow('no space')
  await lines.end()
  expect(calls).toBe(1)
})

it('a line is written soon, also if no other one comes', async () => {
  const written: string[] = []
  const lines = gatherLines(async (text) => void written.push(text), 5)
  await lines.add('first\n')
  await lines.add('second\n')
  await expect.poll(() => written).toEqual(['first\nsecond\n'])
  await lines.add('third\n')
  await expect.poll(() => written).toHaveLength(2)
  await lines.end()
  expect(written).toHaveLength(2)
})

it('after a failed write nothing is written until the end, which throws the error', async () => {
  let calls = 0
  const write = async () => {
    calls++
    throw new Error('no space')
  }
  const lines = gatherLines(write, 1)
  await lines.add('first\n')
  await expect.poll(() => calls).toBe(1)
  await expect(lines.add('x'.repeat(70_000))).rejects.toThrow('no space')
  await expect(lines.end()).rejects.toThrow('no space')
  expect(calls).toBe(1)
})
