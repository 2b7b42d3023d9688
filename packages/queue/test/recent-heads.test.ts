import { expect, test } from 'vitest'
import type { RunHead } from '../src/state/head.js'
import { RecentHeads } from '../src/state/recent-heads.js'

function reader(...states: readonly (RunHead['state'] | undefined)[]) {
  let reads = 0
  const head = async () => {
    const state = states[Math.min(reads++, states.length - 1)]
    return state === undefined ? undefined : ({ state } as RunHead)
  }
  return { states: { head }, reads: () => reads }
}

test('jobs of a running run share one reading of its head', async () => {
  const { states, reads } = reader('running')
  const heads = new RecentHeads(states, 60_000)
  const read = await Promise.all([heads.head('a'), heads.head('a'), heads.head('a')])
  expect(read.map((head) => head?.state)).toEqual(['running', 'running', 'running'])
  await heads.head('a')
  expect(reads()).toBe(1)
  await heads.head('b')
  expect(reads()).toBe(2)
})

test('a canceled run is read anew: a retry may have resumed it', async () => {
  const { states } = reader('canceled', 'running')
  const heads = new RecentHeads(states, 60_000)
  expect((await heads.head('a'))?.state).toBe('canceled')
  expect((await heads.head('a'))?.state).toBe('running')
})

test('a head is read anew when it is too old', async () => {
  const { states, reads } = reader('running')
  const heads = new RecentHeads(states, 0)
  await heads.head('a')
  await heads.head('a')
  expect(reads()).toBe(2)
})
