import { freePort, type Registry, type ServerProcess, startServer } from '@dist/testkit/servers'
import { program } from '../tools.js'
import { repository } from '../workloads.js'

/** A server that is measured. */
export interface Server {
  readonly name: string
  readonly url: string
  /** What paths of the repository begin with. */
  readonly prefix: string
  readonly pid: number
}

export interface DistServer extends Server, AsyncDisposable {}

/** `dist serve` over a store that has images from a registry. */
export async function startDist(
  store: string,
  source: Pick<Registry, 'host'>,
  env: Readonly<Record<string, string>> = {},
): Promise<DistServer> {
  const listen = `127.0.0.1:${await freePort()}`
  const url = `http://${listen}`
  const flags = [
    '--store',
    store,
    '--listen',
    listen,
    '--health-listen',
    '127.0.0.1:0',
    '--log-level',
    'warn',
  ]
  const server: ServerProcess = await startServer(process.execPath, [program, 'serve', ...flags], {
    ready: async () => (await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(2_000) })).ok,
    timeout: 30_000,
    env,
  })
  return {
    name: 'dist',
    url,
    prefix: `/v2/${source.host.replace(':', '_')}/${repository}`,
    pid: server.pid,
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** docker-registry with the same images. */
export function dockerRegistry({ url, pid }: Registry): Server {
  return { name: 'docker-registry', url, prefix: `/v2/${repository}`, pid }
}
