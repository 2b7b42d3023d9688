import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { basename } from 'node:path'

// Runs in a separate network namespace: serves on all of its addresses, runs the given commands one after the other, and
// prints their results and the requests of each. Its registry redirects to `<place>.example` from the repositories
// `redirect/<place>`, and has its token server there for `realm/<place>`.

export interface Step {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>> | undefined
}

export interface StepEnded {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Address, host, method and path of each request. */
  readonly requests: readonly string[]
}

const port = 5000
const config = Buffer.from('{}')
// By tag. Worker threads fetch the large one.
const layers: Readonly<Record<string, Buffer>> = {
  small: Buffer.alloc(1024, 'small'),
  large: Buffer.alloc(65 * 1024 * 1024, 'large'),
}
const blobs = new Map([config, ...Object.values(layers)].map((content) => [digestOf(content), content]))
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const part = (content: Buffer, mediaType: string) => ({
  mediaType,
  digest: digestOf(content),
  size: content.byteLength,
})

function manifestOf(layer: Buffer): Buffer {
  const document = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: part(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [part(layer, 'application/vnd.oci.image.layer.v1.tar')],
  }
  return Buffer.from(JSON.stringify(document))
}

const manifests = new Map(
  Object.entries(layers).flatMap(([tag, layer]) => {
    const manifest = manifestOf(layer)
    return [tag, digestOf(manifest)].map((object) => [object, manifest] as const)
  }),
)

let requests: string[] = []

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

type Answer = readonly [status: number, headers: Readonly<Record<string, string>>, content?: Buffer]

function answerTo({ url = '', headers }: IncomingMessage): Answer {
  const object = basename(url)
  const [, kind, place] = /^\/v2\/(redirect|realm)\/([a-z-]+)\//.exec(url) ?? []
  const led = `http://${place}.example:${port}`
  if (url.startsWith('/token')) {
    const isAnn = headers.authorization === `Basic ${btoa('ann:secret')}`
    return [200, {}, Buffer.from(JSON.stringify({ token: isAnn ? 'ann' : 'nobody' }))]
  }
  if (kind === 'realm' && headers.authorization !== 'Bearer ann')
    return [401, { 'www-authenticate': `Bearer realm="${led}/token"` }]
  const manifest = manifests.get(object)
  if (manifest !== undefined)
    return [200, { 'content-type': manifestType, 'docker-content-digest': digestOf(manifest) }, manifest]
  const content = blobs.get(object)
  if (kind === 'redirect' && content !== config) return [307, { location: `${led}/blob/${object}` }]
  return content === undefined ? [404, {}] : [200, {}, content]
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '', headers, socket } = request
  requests.push(`${socket.localAddress} ${headers.host} ${method} ${url.split('?')[0]}`)
  const [status, fields, content = Buffer.alloc(0)] = answerTo(request)
  response.writeHead(status, { 'content-length': content.byteLength, ...fields })
  response.end(method === 'HEAD' ? undefined : content)
}

function run(program: string, { args, env }: Step): Promise<StepEnded> {
  requests = []
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr, requests })))
}

const [program = '', steps = '[]'] = process.argv.slice(2)
const server = createServer(answer).listen(port, '0.0.0.0')
await new Promise((resolve) => server.once('listening', resolve))
const ended: StepEnded[] = []
for (const step of JSON.parse(steps) as Step[]) ended.push(await run(program, step))
process.stdout.write(JSON.stringify(ended))
server.closeAllConnections()
server.close()
