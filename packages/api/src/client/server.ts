import type { HostReport, ResumedHost } from '@dist/remotes'
import type { ObstacleReader, Questions, Runs, Schedules } from '@dist/runs'
import type * as z from 'zod'
import { routes } from '../routes.js'
import type { transferSchema } from '../schemas/operation.js'
import { Connection, type ServerAccess, type ServerOptions } from './connection.js'
import { ServerQuestions } from './questions.js'
import { ServerRuns } from './runs.js'
import { ServerSchedules } from './schedules.js'

type Transfer = z.output<typeof transferSchema>

/** A queue as a command uses it, without access to its Redis. */
export interface Server extends AsyncDisposable {
  readonly runs: Runs
  readonly schedules: () => Schedules
  /** The writes in progress of all workers. */
  readonly statuses: { list(): AsyncIterable<Transfer> }
  readonly hosts: () => Promise<HostReport[]>
  /** Ends the pause of a host early. */
  readonly resumeHost: (host: string) => Promise<ResumedHost>
  readonly obstacles: ObstacleReader
}

/** A queue with what its coordinators can be asked. */
export interface Dashboard extends Server {
  readonly questions: Pick<Questions, 'preview' | 'storedImages' | 'store' | 'measure'>
}

/** Opens the API of a dashboard. Throws as `Connection`; the first call tells whether the server answers. */
export function openServer(access: ServerAccess, options: ServerOptions): Dashboard {
  const connection = new Connection(access, options)
  return {
    runs: new ServerRuns(connection),
    schedules: () => new ServerSchedules(connection),
    statuses: {
      list: async function* () {
        yield* (await connection.call(routes.listTransfers)).items
      },
    },
    hosts: async () => [...(await connection.call(routes.listHosts)).items],
    resumeHost: (host) => connection.call(routes.resumeHost, { params: { host } }),
    obstacles: async (run) => [...(await connection.call(routes.listObstacles, { query: { run } })).items],
    questions: new ServerQuestions(connection),
    [Symbol.asyncDispose]: async () => {},
  }
}
