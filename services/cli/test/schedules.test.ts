import { DistError } from '@dist/errdefs'
import type { ScheduleStatus } from '@dist/runs'
import { expect, it } from 'vitest'
import { change } from '../src/schedules/change.js'
import { showSchedules } from '../src/schedules/list.js'
import { captured } from './support/context.js'

const nightly: ScheduleStatus = {
  name: 'nightly',
  file: 'production',
  timing: { pattern: '15 3 * * *', timeZone: 'Europe/Berlin' },
  paused: false,
  next: new Date('2026-11-30T02:15:00Z'),
  skipped: 0,
}

/** The lines of the table for schedules that differ from `nightly`. */
async function table(...parts: Partial<ScheduleStatus>[]): Promise<{ lines: string[]; stderr: string }> {
  const { context, stdout, stderr } = captured()
  await showSchedules(context, {}, { list: async () => parts.map((part) => ({ ...nightly, ...part })) })
  return { lines: stdout().trimEnd().split('\n'), stderr: stderr() }
}

const startedAt = new Date()

it('schedules are listed with their times and the state of their last run', async () => {
  const { lines } = await table(
    {},
    {
      name: 'base',
      timing: { every: 21_600_000 },
      run: { id: 'r1', startedAt, state: 'running' },
      skipped: 2,
    },
    { name: 'rest', paused: true, next: undefined },
    { name: 'old', paused: true, next: undefined, run: { id: 'r2', startedAt } },
  )
  expect(lines.map((line) => line.replace(/ +/g, ' ').trim())).toEqual([
    'NAME WHEN NEXT LAST STATE RUN FILE',
    'nightly 15 3 * * * Europe/Berlin 2026-11-30T02:15Z - - - production',
    expect.stringMatching(/^base every 6h 2026-11-30T02:15Z 0\.\ds ago running, 2 skipped r1 production$/),
    'rest 15 3 * * * Europe/Berlin - - paused - production',
    expect.stringMatching(/^old .* - 0\.\ds ago paused, removed r2 production$/),
  ])
})

it('a start that failed is told with its reason', async () => {
  const { lines, stderr } = await table({
    error: { code: 'INVALID_ARGUMENT', message: 'mirror file, line 1' },
  })
  expect(lines[1]).toMatch(/ not started +- +production$/)
  expect(stderr).toBe('dist: nightly: its last start failed: mirror file, line 1\n')
})

it('JSON has the times as mirror files have them', async () => {
  const { context, stdout } = captured()
  await showSchedules(context, { json: true }, { list: async () => [nightly] })
  expect(JSON.parse(stdout())).toEqual({
    name: 'nightly',
    file: 'production',
    when: '15 3 * * * Europe/Berlin',
    paused: false,
    next: '2026-11-30T02:15:00.000Z',
    skipped: 0,
  })
})

it('several schedules are changed, and one that is not there fails alone', async () => {
  const paused: string[] = []
  const pause = async (name: string) => {
    if (name === 'none') throw new DistError('NOT_FOUND', 'schedule none: this queue has no such schedule')
    paused.push(name)
  }
  const { context, stdout, stderr } = captured()
  const schedules = { pause, resume: pause, remove: pause }
  expect(await change(context, ['a', 'none', 'b'], {}, 'pause', schedules)).toBe(6)
  expect(paused).toEqual(['a', 'b'])
  expect(stdout()).toBe('a\nb\n')
  expect(stderr()).toContain('schedule none')
})
