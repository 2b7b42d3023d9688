import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeBucket } from './ceph-bucket.js'
import { type CephPorts, cephConf, monitorAddresses } from './ceph-conf.js'
import { freePort } from './ports.js'
import { type ServerProcess, startServer } from './process.js'

export interface GatewayOptions {
  /** The bucket that exists from the start. Default `dist-test`. */
  bucket?: string | undefined
  /** Bytes that the gateway holds, in memory. Default 2 GiB. */
  capacity?: number | undefined
}

/** A bucket of a gateway. */
export interface GatewayBucket {
  /** `http://127.0.0.1:PORT`. Buckets are in the path. */
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  /** Both keys as the SDK takes them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Both keys as environment variables. */
  readonly env: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }
  /** An existing bucket. */
  readonly bucket: string
  /** The bucket as users name it. `endpoint`: another way to the gateway, as through a proxy. */
  url(prefix: string, endpoint?: string): string
}

export interface Gateway extends GatewayBucket {
  /** The gateway's process. */
  readonly pid: number
  /** Frees the memory of what was deleted or aborted more than a second ago. */
  collect(): Promise<void>
  log(): string
  /** Ends the three servers and removes their directory. */
  stop(): Promise<void>
}

const keys = { accessKey: 'testaccesskey', secretKey: 'testsecretkey' } as const
const region = 'us-east-1'
/** Milliseconds for one of Ceph's commands. */
const commandTimeout = 20_000

type Command = (command: string, ...args: string[]) => Promise<string>

/**
 * A private S3 server: Ceph's object gateway with one monitor and one object store in memory, on loopback ports,
 * in a temporary directory. Nothing of it outlives this process.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), 'dist-ceph-'))
  const servers: ServerProcess[] = []
  const stop = async () => {
    for (const server of servers.splice(0).reverse()) await server.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    return await start(directory, servers, stop, options)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  directory: string,
  servers: ServerProcess[],
  stop: () => Promise<void>,
  options: GatewayOptions,
): Promise<Gateway> {
  const { bucket = 'dist-test', capacity = 2 * 1024 ** 3 } = options
  const fsid = randomUUID()
  const ports: CephPorts = { mon: [await freePort(), await freePort()], s3: await freePort() }
  const conf = join(directory, 'ceph.conf')
  for (const name of ['run', 'log', 'mon', 'osd0', 'rgw']) await mkdir(join(directory, name))
  await writeFile(conf, cephConf({ directory, fsid, ports, capacity }))
  const run = commandsOf(conf)
  servers.push(await startMonitor(directory, conf, fsid, ports, run))
  servers.push(await startObjectStore(directory, conf, run))
  await createUser(run)
  const endpoint = `http://127.0.0.1:${ports.s3}`
  const server = await startServer('radosgw', ['-f', '-c', conf, '-n', 'client.rgw', '--no-mon-config'], {
    ready: async () => (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })).ok,
    timeout: 30_000,
    directory,
  })
  servers.push(server)
  return {
    ...(await bucketOfGateway(endpoint, bucket)),
    pid: server.pid,
    collect: async () => {
      await run('radosgw-admin', 'gc', 'process', '--include-all')
    },
    log: server.log,
    stop,
  }
}

/** Makes a bucket in a gateway, which another process may have started. */
export async function bucketOfGateway(endpoint: string, bucket: string): Promise<GatewayBucket> {
  await makeBucket({ endpoint, region, ...keys }, bucket)
  return {
    endpoint,
    region,
    ...keys,
    credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey },
    env: { AWS_ACCESS_KEY_ID: keys.accessKey, AWS_SECRET_ACCESS_KEY: keys.secretKey },
    bucket,
    url: (prefix, way = endpoint) =>
      `s3://${bucket}/${prefix}?endpoint=${way}&region=${region}&path-style=true`,
  }
}

async function startMonitor(
  directory: string,
  conf: string,
  fsid: string,
  ports: CephPorts,
  run: Command,
): Promise<ServerProcess> {
  const map = join(directory, 'monmap')
  await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monitorAddresses(ports.mon), map)
  await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map)
  return startServer('ceph-mon', ['-f', '-i', 'a', '-c', conf], {
    ready: async () => (await run('ceph', '--connect-timeout', '2', 'quorum_status')).includes('"a"'),
    directory,
  })
}

async function startObjectStore(directory: string, conf: string, run: Command): Promise<ServerProcess> {
  const uuid = randomUUID()
  await run('ceph', 'osd', 'new', uuid)
  await run('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', uuid)
  return startServer('ceph-osd', ['-f', '-i', '0', '-c', conf], {
    ready: async () => (await run('ceph', '--connect-timeout', '2', 'osd', 'stat')).includes('1 up'),
    directory,
    timeout: 30_000,
  })
}

async function createUser(run: Command): Promise<void> {
  const { accessKey, secretKey } = keys
  const credentials = ['--access-key', accessKey, '--secret-key', secretKey]
  await run('radosgw-admin', 'user', 'create', '--uid=test', '--display-name=test', ...credentials)
}

function commandsOf(conf: string): Command {
  return async (command, ...args) => {
    // monmaptool needs no configuration; what it finds in /etc/ceph is not ours.
    const { stdout } = await promisify(execFile)(command, ['-c', conf, ...args], { timeout: commandTimeout })
    return stdout
  }
}
