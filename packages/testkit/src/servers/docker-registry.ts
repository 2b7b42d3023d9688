import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type AccessLog, accessLog, type LoggedRequest } from './access-log.js'
import { freePort } from './ports.js'
import { startServer, waitFor } from './process.js'

export interface RegistryOptions {
  /** Allow DELETE. Default false. */
  delete?: boolean | undefined
  /** Ask for `registryUser` with basic authentication. Default false. */
  auth?: boolean | undefined
  /** Serve https with a certificate of an authority made for this server. Default false. */
  tls?: boolean | undefined
  /** Keep its storage in this bucket instead of a folder, and redirect blobs to it. */
  s3?: RegistryBucket | undefined
}

/** A bucket as `startGateway` makes it. */
export interface RegistryBucket {
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  readonly bucket: string
}

export interface Registry {
  /** `127.0.0.1:PORT`, the host of references. */
  readonly host: string
  /** Where the API is, without a slash at the end. */
  readonly url: string
  /** The authority's certificate, with `tls`. */
  readonly ca?: { readonly file: string; readonly pem: string } | undefined
  readonly pid: number
  /** What was asked of the server so far. A request appears when its answer is complete: see `settled`. */
  requests(): readonly LoggedRequest[]
  /** Resolves when the requests answered so far are in `requests()`. */
  settled(): Promise<void>
  /** Forgets the requests so far. */
  clearRequests(): void
  log(): string
  /** Ends the server and removes its storage. */
  stop(): Promise<void>
}

export type { LoggedRequest }

/** The only user of a registry with `auth`. The server accepts bcrypt only, hence the precomputed hash. */
export const registryUser = { name: 'testuser', password: 'testpassword' } as const
const htpasswd = `${registryUser.name}:$2y$05$distregistrytestsalt0uJwL55Bq.DtQ2bj.CkVcdldyHpmuvcLy\n`

/** A private Debian `docker-registry` on a loopback port, empty, with its storage in a temporary folder. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'dist-registry-'))
  try {
    return await start(directory, options)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

async function start(directory: string, options: RegistryOptions): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`
  const url = `${options.tls ? 'https' : 'http'}://${host}`
  if (options.auth) await writeFile(join(directory, 'htpasswd'), htpasswd)
  if (options.tls) await makeCertificates(directory)
  const config = join(directory, 'config.json')
  // JSON is YAML.
  await writeFile(config, JSON.stringify(configuration(directory, host, options)))
  const log = accessLog()
  const ca = options.tls ? await certificateAuthority(directory) : undefined
  const probe = (marker: string) => ping(url, `${log.probe} ${marker}`, ca?.pem)
  const server = await startServer('docker-registry', ['serve', config], {
    ready: () => probe('ready'),
    directory,
    // Its driver for buckets does not start where the environment names authorities.
    env: { AWS_CA_BUNDLE: '' },
    onLine: (line) => log.add(line),
  })
  return {
    host,
    url,
    ca,
    pid: server.pid,
    requests: () => log.requests(),
    clearRequests: () => log.clear(),
    settled: () => settled(log, probe),
    log: server.log,
    stop: () => server.stop().finally(() => rm(directory, { recursive: true, force: true })),
  }
}

function configuration(directory: string, addr: string, options: RegistryOptions): object {
  const file = (name: string) => join(directory, name)
  const tls = { certificate: file('server.pem'), key: file('server.key') }
  return {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: false } },
    storage: {
      ...(options.s3
        ? { s3: bucketStorage(options.s3) }
        : { filesystem: { rootdirectory: file('storage') } }),
      delete: { enabled: options.delete ?? false },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr, secret: 'loopback', ...(options.tls ? { tls } : {}) },
    ...(options.auth ? { auth: { htpasswd: { realm: 'test', path: file('htpasswd') } } } : {}),
  }
}

function bucketStorage({ endpoint, region, accessKey, secretKey, bucket }: RegistryBucket): object {
  const signing = { accesskey: accessKey, secretkey: secretKey, v4auth: true }
  return { regionendpoint: endpoint, region, bucket, ...signing, secure: false }
}

// A request is logged after its answer, and the log comes through a pipe: a probe sent now is logged behind it.
async function settled(log: AccessLog, probe: (marker: string) => Promise<boolean>): Promise<void> {
  const marker = `settled-${log.nextMarker()}`
  await probe(marker)
  await waitFor(() => log.hasSeen(marker), 'the access log of docker-registry')
}

/** Whether `/v2/` answers, be it with a challenge. */
function ping(url: string, userAgent: string, ca: string | undefined): Promise<boolean> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v2/`, {
      headers: { 'user-agent': userAgent },
      agent: false,
      timeout: 2_000,
      ...(ca ? { ca } : {}),
    })
    sent.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200 || response.statusCode === 401)
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer')))
    sent.on('error', reject)
    sent.end()
  })
}

async function certificateAuthority(directory: string): Promise<{ file: string; pem: string }> {
  const file = join(directory, 'ca.pem')
  return { file, pem: await readFile(file, 'utf8') }
}

async function makeCertificates(directory: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: directory })
  await openssl(
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=dist test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  const names = [
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-addext',
    'basicConstraints=CA:FALSE',
  ]
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-subj', '/CN=127.0.0.1', ...names]
  await openssl('req', '-x509', ...key, ...signed, '-keyout', 'server.key', '-out', 'server.pem')
}
