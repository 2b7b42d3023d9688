import { parseReference } from '@dist/reference'
import { expect, test } from 'vitest'
import { LateWork } from '../src/late-work.js'

const task = { reference: parseReference('registry.test/a:1') }

function counted() {
  const made: string[] = []
  const work = new LateWork(task, () => {
    made.push('made')
    return {
      name: 'inner',
      attempt: async (onAnswered) => onAnswered(),
      delayed: (_error, until) => void made.push(`delayed until ${until}`),
      outcome: (failed) => failed?.error ?? 'done',
    }
  })
  return { work, made }
}

test('work is made at its first attempt, and once', async () => {
  const { work, made } = counted()
  expect(work.name).toBe('registry.test/a:1')
  expect(made).toEqual([])
  await work.attempt(() => {})
  work.delayed(new Error('busy'), 7)
  await work.attempt(() => {})
  expect(work.end()).toBe('done')
  expect(made).toEqual(['made', 'delayed until 7'])
})

test('work that had no attempt has an outcome', () => {
  expect(counted().work.end({ error: 'canceled' })).toBe('canceled')
})
