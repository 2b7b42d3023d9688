import { createHash } from 'node:crypto'
import { formatCursor, parseCursor, parsePlace } from '@dist/api'
import { DistError, isNotFound, sanitize } from '@dist/errdefs'
import type { QueueName, RunRequest, Runs } from '@dist/runs'
import type { QueueClients } from '@dist/wiring/services'
import type { Access } from '../access/admit.js'
import { failureFinder } from './failures.js'
import type { Handlers } from './mount.js'
import { sessionHandlers } from './session.js'
import { storeHandlers } from './store.js'

const defaultPage = { runs: 50, images: 100 }

/** The operations of the API, over the contracts of runs. */
export function createHandlers(parts: QueueClients, access: Access): Handlers {
  return {
    ...runHandlers(parts),
    ...scheduleHandlers(parts),
    ...operationHandlers(parts),
    ...sessionHandlers(access),
    ...storeHandlers(parts),
  }
}

type RunOperations =
  | 'submitRun'
  | 'listRuns'
  | 'getRun'
  | 'listImages'
  | 'getImage'
  | 'listBlobs'
  | 'listTries'
  | 'getImageTree'
  | 'listFailures'
  | 'listCauses'
  | 'retryRun'
  | 'cancelRun'
  | 'collectGarbage'
  | 'listDeleted'

function runHandlers({ runs, questions, obstacles }: QueueClients): Pick<Handlers, RunOperations> {
  const find = (run: string) => findRun(runs, run)
  const findFailures = failureFinder(runs)
  return {
    submitRun: async ({ body, key }) => {
      const { references = [], platforms = 'all', ...rest } = body
      const request: RunRequest = { ...rest, references, platforms }
      checkSubmission(request, references.length)
      const fingerprint = createHash('sha256').update(JSON.stringify(body)).digest('hex')
      return { run: await runs.submit(request, key === undefined ? undefined : { key, fingerprint }) }
    },
    listRuns: async ({ query: { cursor, limit = defaultPage.runs, ...filter } }) => {
      const after = cursor === undefined ? undefined : parseCursor(cursor)
      const found = await runs.list({ ...filter, after, limit: limit + 1 })
      const items = found.slice(0, limit)
      const last = items.at(-1)
      return { items, next: found.length > limit && last !== undefined ? formatCursor(last) : undefined }
    },
    getRun: async ({ params }) => {
      const status = await runs.status(await find(params.run))
      return { ...status, obstacles: status.state === 'running' ? await obstacles(status.id) : [] }
    },
    listImages: async ({ params, query: { cursor, limit = defaultPage.images, ...filter } }) => {
      const from = cursor === undefined ? 0 : parsePlace(cursor)
      const { images, next } = await runs.imagePage(await find(params.run), { ...filter, from, limit })
      return { items: images, next: next === undefined ? undefined : String(next) }
    },
    getImage: async ({ params }) => {
      const [run, from] = [await find(params.run), parsePlace(params.index)]
      const [image] = (await runs.imagePage(run, { from, limit: 1 })).images
      if (image?.index === from) return image
      throw new DistError('NOT_FOUND', `run ${run}: it has no image ${from}`)
    },
    listBlobs: async ({ params }) => ({
      items: await runs.blobs(await find(params.run), parsePlace(params.index)),
    }),
    listTries: async ({ params }) => ({
      items: await runs.tries(await find(params.run), parsePlace(params.index)),
    }),
    getImageTree: async ({ params }) => questions.tree(await find(params.run), parsePlace(params.index)),
    listFailures: async () => ({ items: await findFailures() }),
    listCauses: async ({ params }) => ({ items: await runs.causes(await find(params.run)) }),
    retryRun: async ({ params, body }) => {
      const run = await find(params.run)
      return { run, images: await runs.retry(run, body) }
    },
    collectGarbage: ({ body: { store, ...request } }) => runs.collect(request, store),
    listDeleted: async ({ params, query: { cursor } }) => {
      const from = cursor === undefined ? 0 : parsePlace(cursor)
      const { items, next } = await runs.deleted(await find(params.run), from)
      return { items, next: next === undefined ? undefined : String(next) }
    },
    cancelRun: async ({ params }) => {
      const run = await find(params.run)
      await runs.cancel(run)
      return { run }
    },
  }
}

/** The id of a run, given whole or by its beginning. A whole id costs no search. */
export async function findRun(runs: Pick<Runs, 'status' | 'resolve'>, given: string): Promise<string> {
  try {
    return (await runs.status(given)).id
  } catch (error) {
    if (!isNotFound(error)) throw error
    return await runs.resolve(given)
  }
}

function checkSubmission({ sources, kind }: RunRequest, references: number): void {
  if (sources !== undefined && references > 0)
    throw new DistError('INVALID_ARGUMENT', 'body: references and sources exclude each other')
  if (sources === undefined && references === 0 && kind !== 'verify' && kind !== 'repair')
    throw new DistError('INVALID_ARGUMENT', 'body: references or sources are expected')
}

type ScheduleOperations =
  | 'listSchedules'
  | 'listMirrors'
  | 'applySchedules'
  | 'runSchedule'
  | 'pauseSchedule'
  | 'resumeSchedule'
  | 'removeSchedule'

function scheduleHandlers({ schedules }: QueueClients): Pick<Handlers, ScheduleOperations> {
  return {
    listSchedules: async () => ({ items: await schedules.list() }),
    listMirrors: async () => ({ items: await schedules.results() }),
    applySchedules: ({ body }) => schedules.apply(body),
    runSchedule: async ({ params }) => ({ run: await schedules.run(params.name) }),
    pauseSchedule: async ({ params }) => done(schedules.pause(params.name)),
    resumeSchedule: async ({ params }) => done(schedules.resume(params.name)),
    removeSchedule: async ({ params }) => done(schedules.remove(params.name)),
  }
}

type Operations =
  | 'listQueues'
  | 'pauseQueue'
  | 'resumeQueue'
  | 'listServices'
  | 'listTransfers'
  | 'getThroughput'
  | 'listHosts'
  | 'resumeHost'
  | 'listObstacles'

function operationHandlers(parts: QueueClients): Pick<Handlers, Operations> {
  const { queues, services, transfers, throughput, hosts, resumeHost, obstacles } = parts
  return {
    listQueues: async () => ({ items: await queues.list() }),
    pauseQueue: async ({ params }) => done(queues.pause(await queueOf(parts, params.queue))),
    resumeQueue: async ({ params }) => done(queues.resume(await queueOf(parts, params.queue))),
    listServices: async () => ({ items: await services() }),
    listTransfers: async () => {
      const items = []
      for await (const each of transfers()) items.push(each)
      return { items }
    },
    getThroughput: () => throughput(),
    listHosts: async () => ({ items: await hosts() }),
    resumeHost: ({ params }) => resumeHost(params.host),
    listObstacles: async ({ query: { run } }) => ({ items: await obstacles(run) }),
  }
}

async function queueOf({ queues }: QueueClients, name: string): Promise<QueueName> {
  const found = (await queues.list()).find((queue) => queue.name === name)
  if (found !== undefined) return found.name
  throw new DistError('NOT_FOUND', `queue ${sanitize(name, 40)}: there is no such queue`)
}

async function done(change: Promise<void>): Promise<undefined> {
  await change
  return undefined
}
