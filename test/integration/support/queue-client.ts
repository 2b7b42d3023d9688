import type { ImageReport, Scope } from '@dist/runs'
import { waitFor } from '@dist/testkit/servers'
import { scheduleReader } from '@dist/wiring/mirror-file'
import { openQueue, type Queue } from '@dist/wiring/queue'
import { expect } from 'vitest'

/** Resolves to the state in which a run has ended. */
export async function endOf({ runs }: Queue, run: string): Promise<string> {
  let state = 'running'
  const isOver = async () => {
    state = (await runs.status(run)).state
    return state !== 'running'
  }
  await waitFor(isOver, `the end of run ${run}`, 50_000)
  return state
}

/** Has the services of a queue mirror images of all platforms; resolves to their reports, in order. */
export async function mirrorBy(queue: Queue, references: readonly string[]): Promise<ImageReport[]> {
  const run = await queue.runs.submit({ references, platforms: 'all' })
  await endOf(queue, run)
  const reports: ImageReport[] = []
  for await (const report of queue.runs.images(run)) reports.push(report)
  return reports
}

/** Has the services of the queue at this URL mirror images, and asserts that all are done. */
export async function mirrored(url: string, references: readonly string[]): Promise<void> {
  await using queue = await openQueue(url, {})
  for (const report of await mirrorBy(queue, references)) expect(report).toMatchObject({ state: 'done' })
}

/** A token for the API of the queue at this URL, of this scope and with the name `a <scope>`. */
export async function tokenFor(url: string, scope: Scope): Promise<string> {
  await using queue = await openQueue(url, {})
  const { token } = await queue.tokens().create({ scope, name: `a ${scope}`, lifetime: 86_400_000 })
  return token
}

/** Gives the queue at this URL the schedules of a mirror file. */
export async function applySchedules(url: string, path: string): Promise<void> {
  await using queue = await openQueue(url, {})
  const file = await scheduleReader(path, {})()
  await queue.schedules().apply(file ?? expect.unreachable())
}
