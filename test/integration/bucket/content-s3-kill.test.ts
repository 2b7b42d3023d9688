import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyContent, type Status } from '@dist/content'
import { openS3Store, parseS3Url, type S3Store } from '@dist/content-s3'
import { type Digest, Digester } from '@dist/oci'
import { seededBytes } from '@dist/testkit'
import { bundleProgram, type Fault, type FaultProxy, startFaultProxy, waitFor } from '@dist/testkit/servers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sharedGateway } from '../support/servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const mebibyte = 1024 * 1024
const partSize = 5 * mebibyte
const size = 15 * mebibyte
/** An age with which a sweep removes everything: the server's clock has a resolution of one second. */
const inFuture = -60_000

const gateway = await sharedGateway()
let proxy: FaultProxy
/** Without the proxy. */
let store: S3Store
let seed: string
let digest: Digest
let runs = 0

const bytes = () => seededBytes(seed, size)

beforeEach(async () => {
  seed = `run ${++runs}`
  const digester = new Digester()
  for (const chunk of bytes()) digester.update(chunk)
  digest = digester.digest()
  proxy = await startFaultProxy(gateway.endpoint)
  store = await openS3Store(parseS3Url(gateway.url(`run-${runs}`)), {
    partSize,
    connection: { credentials: gateway.credentials },
  })
})
afterEach(async () => {
  await store.close()
  await proxy.stop()
})

const program = await bundleProgram({
  script: `
    import { openS3Store, parseS3Url } from '@dist/content-s3'
    import { seededBytes } from '@dist/testkit/fixtures'
    const { STORE, SEED, DIGEST, LENGTH, KEY, SECRET } = process.env
    const credentials = { accessKeyId: KEY, secretAccessKey: SECRET }
    const store = await openS3Store(parseS3Url(STORE), { partSize: ${partSize}, connection: { credentials } })
    const writer = await store.content.writer('ref', { digest: DIGEST, size: ${size} })
    let left = Number(LENGTH)
    for (const chunk of seededBytes(SEED, ${size})) {
      if (left > 0) await writer.write(chunk.subarray(0, left))
      left -= chunk.byteLength
    }
    if (process.env.COMMIT) await writer.commit()
    setInterval(() => {}, 1000)`,
})

/** A process that writes the first `length` bytes of the content through the proxy, commits if they are all. */
function startWriter(length: number) {
  const env = {
    STORE: gateway.url(`run-${runs}`, proxy.endpoint),
    SEED: seed,
    DIGEST: digest,
    LENGTH: String(length),
    KEY: gateway.accessKey,
    SECRET: gateway.secretKey,
  }
  return (commit: boolean, until: () => boolean | Promise<boolean>) =>
    killedWhen({ ...env, ...(commit ? { COMMIT: 'yes' } : {}) }, until)
}

async function killedWhen(
  env: Readonly<Record<string, string>>,
  until: () => boolean | Promise<boolean>,
): Promise<void> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    await waitFor(until, 'the moment at which the writer is to be killed', 30_000)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

async function statuses({ content } = store): Promise<Status[]> {
  const found: Status[] = []
  for await (const status of content.statuses()) found.push(status)
  return found
}

const hasArrived = (offset: number, from?: S3Store) => async () =>
  (await statuses(from)).some((status) => status.offset === offset)
const isCompleting = () =>
  proxy.requests().some(({ method, path }) => method === 'POST' && path.includes('uploadId'))

function faultComplete(fault: Fault): void {
  proxy.fault = ({ method, path }) => (method === 'POST' && path.includes('uploadId') ? fault : undefined)
}

async function finish(): Promise<void> {
  await using writer = await store.content.writer('ref', { digest, size })
  await copyContent(
    writer,
    (async function* () {
      yield* bytes()
    })(),
  )
}

async function expectWhole(): Promise<void> {
  const digester = new Digester()
  for await (const chunk of await store.content.open({ digest })) digester.update(chunk)
  expect([digester.size, digester.digest()]).toEqual([size, digest])
}

async function expectAbsent(): Promise<void> {
  await expect(store.content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
}

async function sweepAll(): Promise<number> {
  const swept = await store.sweep(inFuture)
  return swept.reduce((sum, { size }) => sum + size, 0)
}

it.each([
  ['in the middle of the second part', partSize + 1, partSize],
  ['with two of three parts', 2 * partSize, 2 * partSize],
  ['with all parts, before it commits', size, size],
])(
  'S6 S7 a writer killed %s leaves no object; the next run finishes, and a sweep removes the rest',
  async (_, length, sent) => {
    await startWriter(length)(false, hasArrived(sent))
    await expectAbsent()
    await finish()
    await expectWhole()
    expect(await store.sweep(60 * 60_000)).toEqual([])
    expect(await statuses()).toHaveLength(1)
    expect(await sweepAll()).toBe(sent)
    await expectWhole()
  },
)

it('S6 a writer killed before its completion arrives leaves no object; the next run finishes', async () => {
  faultComplete({ hang: true })
  await startWriter(size)(true, isCompleting)
  await expectAbsent()
  await finish()
  await expectWhole()
  expect(await sweepAll()).toBe(size)
})

it('S6 a writer killed before the answer to its completion leaves a whole object, and no upload', async () => {
  faultComplete({ afterwards: 'broken' })
  const isThere = () =>
    store.content.info(digest).then(
      () => true,
      () => false,
    )
  await startWriter(size)(true, isThere)
  await expectWhole()
  await expect(finish()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(await statuses()).toEqual([])
})

it('S7 a sweep spares the writes of its own process, whatever their age', async () => {
  await startWriter(partSize)(false, hasArrived(partSize))
  await using live = await store.content.writer('live', { digest, size })
  for (const chunk of bytes()) await live.write(chunk)
  const location = parseS3Url(gateway.url(`run-${runs}`))
  await using other = await openS3Store(location, { connection: { credentials: gateway.credentials } })
  await waitFor(hasArrived(size, other), 'the live upload')
  expect(await store.sweep(inFuture)).toMatchObject([{ size: partSize }])
  expect(await live.commit()).toMatchObject({ digest, size })
  await expectWhole()
})

it('an abandoned upload is listed as a write of unknown liveness, and can be aborted by its ref', async () => {
  await startWriter(partSize)(false, hasArrived(partSize))
  const [status, ...more] = await statuses()
  expect(more).toEqual([])
  expect(status).toMatchObject({ offset: partSize, expected: { digest } })
  expect(status?.live).toBeUndefined()
  await store.content.abort(status?.ref ?? '')
  await expect(store.content.abort(status?.ref ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await statuses()).toEqual([])
})
