import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { type Certificates, makeCertificates } from './certificates.js'
import { freePort } from './ports.js'
import { type ServerProcess, startServer } from './process.js'

export interface RedisServerOptions {
  /** The password of the user `default`. Default: none. */
  password?: string | undefined
  /** Access rules, one user each, in the words of Redis: `reader on >secret ~* +@read`. */
  users?: readonly string[] | undefined
  /** Speak TLS with a certificate of an authority made for this server. Default false. */
  tls?: boolean | undefined
  /** What to do when memory is full. Default `noeviction`. */
  policy?: string | undefined
  /** Bytes. Default: no limit. */
  maxmemory?: number | undefined
  /** The port at which it would speak to other nodes: makes it a node of a cluster, of which it has no slot. */
  clusterPort?: number | undefined
}

export interface RedisServer {
  /** `redis://127.0.0.1:PORT` or `rediss://...`, without user and password. */
  readonly url: string
  readonly port: number
  /** The authority's certificate, with `tls`. */
  readonly ca?: { readonly file: string; readonly pem: string } | undefined
  /** The process that serves at this moment. */
  pid(): number
  log(): string
  /** Ends the process without a farewell. `start` brings the server back, empty. */
  kill(): Promise<void>
  /** Starts the server again at its port after `kill`. */
  start(): Promise<void>
  /** Ends the process and starts it again at its port, empty. */
  restart(): Promise<void>
  /** Ends the server for good; safe to call twice. */
  stop(): Promise<void>
}

/** A private Debian `redis-server` on a loopback port: nothing in it, nothing on disk. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'dist-redis-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const certificates = options.tls ? await makeCertificates(directory) : undefined
    const port = await freePort()
    // A file and not arguments: every user can read arguments.
    const file = join(directory, 'redis.conf')
    await writeFile(file, configuration(port, directory, options, certificates), { mode: 0o600 })
    const start = () =>
      startServer('redis-server', [file], { ready: () => answers(port, certificates?.ca.pem), directory })
    return serving(await start(), start, port, remove, certificates)
  } catch (error) {
    await remove()
    throw error
  }
}

function serving(
  first: ServerProcess,
  startAgain: () => Promise<ServerProcess>,
  port: number,
  remove: () => Promise<void>,
  certificates: Certificates | undefined,
): RedisServer {
  let server = first
  const start = async () => {
    server = await startAgain()
  }
  return {
    url: `${certificates ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    port,
    ...(certificates ? { ca: certificates.ca } : {}),
    pid: () => server.pid,
    log: () => server.log(),
    start,
    kill: async () => {
      process.kill(server.pid, 'SIGKILL')
      await server.stop()
    },
    restart: async () => {
      await server.stop()
      await start()
    },
    stop: () => server.stop().finally(remove),
  }
}

function configuration(
  port: number,
  directory: string,
  options: RedisServerOptions,
  certificates: Certificates | undefined,
): string {
  const lines = ['bind 127.0.0.1', 'save ""', 'appendonly no', `dir ${directory}`]
  lines.push(`maxmemory-policy ${options.policy ?? 'noeviction'}`, `maxmemory ${options.maxmemory ?? 0}`)
  if (options.password !== undefined) lines.push(`requirepass ${options.password}`)
  if (options.clusterPort !== undefined)
    lines.push('cluster-enabled yes', `cluster-port ${options.clusterPort}`)
  for (const user of options.users ?? []) lines.push(`user ${user}`)
  if (certificates === undefined) return [...lines, `port ${port}`, ''].join('\n')
  lines.push('port 0', `tls-port ${port}`, 'tls-auth-clients no', `tls-ca-cert-file ${certificates.ca.file}`)
  lines.push(`tls-cert-file ${certificates.certFile}`, `tls-key-file ${certificates.keyFile}`)
  return [...lines, ''].join('\n')
}

/** Whether a PING is answered, be it with the demand to sign in. */
function answers(port: number, ca: string | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const host = '127.0.0.1'
    const socket: Socket = ca ? connectTls({ host, port, ca }) : connectPlain({ host, port })
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('data', (reply) => {
      socket.destroy()
      resolve(/^(\+PONG|-NOAUTH)/.test(String(reply)))
    })
    socket.write('PING\r\n')
  })
}
