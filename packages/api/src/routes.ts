import * as z from 'zod'
import { defineRoute, type Route } from './route.js'
import { largeBody, list, started } from './routes/parts.js'
import { runs } from './routes/runs.js'
import { store } from './routes/store.js'
import { liveEvent, liveQuery } from './schemas/live.js'
import { obstacleSchema } from './schemas/obstacle.js'
import {
  appliedSchedules,
  hostSchema,
  mirrorSchema,
  queueSchema,
  resumedHost,
  scheduledFile,
  scheduleSchema,
  serviceSchema,
  throughputSchema,
  transferSchema,
} from './schemas/operation.js'
import { credentials, sessionSchema } from './schemas/session.js'

export { pageLimits } from './routes/parts.js'

/** The path of the API. */
export const basePath = '/api/v1'

const name = '/schedules/{name}'

const schedules = {
  listSchedules: defineRoute({
    method: 'GET',
    path: '/schedules',
    summary: 'Lists the schedules, by name.',
    scope: 'read',
    answer: list(scheduleSchema),
  }),
  listMirrors: defineRoute({
    method: 'GET',
    path: '/mirrors',
    summary:
      'The last result of each named mirror of a mirror file, by name, whatever started its run. A mirror without a schedule is kept for 90 days after its end.',
    scope: 'read',
    answer: list(mirrorSchema),
  }),
  applySchedules: defineRoute({
    method: 'PUT',
    path: '/schedules',
    summary: 'Has a mirror file these schedules: adds, changes and removes its own.',
    scope: 'admin',
    body: scheduledFile,
    bodyLimit: largeBody,
    answer: appliedSchedules,
  }),
  runSchedule: defineRoute({
    method: 'POST',
    path: `${name}/run`,
    summary: 'Starts a run of a schedule now.',
    scope: 'submit',
    status: 201,
    answer: started,
  }),
  pauseSchedule: defineRoute({
    method: 'POST',
    path: `${name}/pause`,
    summary: 'Has a schedule start no runs.',
    scope: 'admin',
  }),
  resumeSchedule: defineRoute({
    method: 'POST',
    path: `${name}/resume`,
    summary: 'Has a paused schedule start runs again.',
    scope: 'admin',
  }),
  removeSchedule: defineRoute({
    method: 'DELETE',
    path: name,
    summary: 'Removes a schedule. Runs that it has started go on.',
    scope: 'admin',
  }),
} as const

const operation = {
  listQueues: defineRoute({
    method: 'GET',
    path: '/queues',
    summary: 'Lists the queues with the numbers of their jobs.',
    scope: 'read',
    answer: list(queueSchema),
  }),
  pauseQueue: defineRoute({
    method: 'POST',
    path: '/queues/{queue}/pause',
    summary: 'Pauses a queue: no job of it starts. Jobs under way go on.',
    scope: 'admin',
  }),
  resumeQueue: defineRoute({
    method: 'POST',
    path: '/queues/{queue}/resume',
    summary: 'Resumes a paused queue.',
    scope: 'admin',
  }),
  listServices: defineRoute({
    method: 'GET',
    path: '/services',
    summary: 'Lists the services that are alive, or were so within the last hour.',
    scope: 'read',
    answer: list(serviceSchema),
  }),
  listTransfers: defineRoute({
    method: 'GET',
    path: '/transfers',
    summary: 'Lists what workers write right now.',
    scope: 'read',
    answer: list(transferSchema),
  }),
  getThroughput: defineRoute({
    method: 'GET',
    path: '/throughput',
    summary: 'What all services have moved in the last hour and day, the oldest first.',
    scope: 'read',
    answer: throughputSchema,
  }),
  listHosts: defineRoute({
    method: 'GET',
    path: '/hosts',
    summary: 'Lists registries with their limits, quotas and pauses.',
    scope: 'read',
    answer: list(hostSchema),
  }),
  resumeHost: defineRoute({
    method: 'POST',
    path: '/hosts/{host}/resume',
    summary:
      'Ends the pause of a registry early: its next request tests whether it is back, and jobs that wait for it go on. One whose quota is used up is asked at once whether it allows more pulls.',
    scope: 'submit',
    answer: resumedHost,
  }),
  followAnswers: defineRoute({
    method: 'GET',
    path: '/live',
    summary:
      'Follows the answers of operations that read, by server-sent events: `answer` for each change, `problem` instead while there is none, `alive` every five seconds. The stream ends after ten minutes.',
    scope: 'read',
    events: true,
    query: liveQuery,
    answer: liveEvent,
  }),
  listObstacles: defineRoute({
    method: 'GET',
    path: '/obstacles',
    summary: 'Lists what runs wait for: all runs, or one.',
    scope: 'read',
    query: z.strictObject({ run: z.string().max(30).optional() }),
    answer: list(obstacleSchema),
  }),
} as const

const session = {
  getSession: defineRoute({
    method: 'GET',
    path: '/session',
    summary: 'Who makes the request, and what it may do.',
    scope: 'none',
    answer: sessionSchema,
  }),
  signIn: defineRoute({
    method: 'POST',
    path: '/session',
    summary: 'Begins a session of a user: a cookie, for pages of the dashboard. Programs use tokens.',
    scope: 'none',
    body: credentials,
    answer: sessionSchema,
  }),
  signOut: defineRoute({
    method: 'DELETE',
    path: '/session',
    summary: 'Ends the session of the cookie.',
    scope: 'none',
  }),
} as const

/** All operations by their ids. */
export const routes = { ...runs, ...schedules, ...operation, ...store, ...session } as const satisfies Record<
  string,
  Route
>

export type Routes = typeof routes
