import { expect, it } from 'vitest'
import { failedRuns, mergeCauses } from '../src/api/failures.js'

const hour = 3_600_000
const now = Date.UTC(2026, 0, 10)
const ago = (hours: number) => new Date(now - hours * hour)
const images = { total: 3, done: 1, failed: 1, canceled: 0, active: 0 }

it('failures of the last day are those of runs that have ended in it, or still go', () => {
  const runs = [
    { name: 'going', createdAt: ago(100), images },
    { name: 'ended', createdAt: ago(30), endedAt: ago(23), images },
    { name: 'long ago', createdAt: ago(30), endedAt: ago(25), images },
    { name: 'without failures', createdAt: ago(1), endedAt: ago(1), images: { ...images, failed: 0 } },
  ]
  expect(failedRuns(runs, now).map(({ name }) => name)).toEqual(['going', 'ended'])
})

it('a cause of several runs is one, of the newest run', () => {
  const cause = { code: 'NOT_FOUND', message: 'absent', example: 'a:1' } as const
  const merged = mergeCauses([
    ['new', [{ ...cause, id: 'a', images: 1 }]],
    [
      'old',
      [
        { ...cause, id: 'b', images: 2 },
        { ...cause, id: 'a', images: 4 },
      ],
    ],
  ])
  expect(merged.map(({ cause: { id }, images: count, run }) => [id, count, run])).toEqual([
    ['a', 5, 'new'],
    ['b', 2, 'old'],
  ])
})
