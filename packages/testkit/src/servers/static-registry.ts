import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { allContent, type FixtureBlob, type FixtureImage } from '@dist/testkit/fixtures'
import type { LoggedRequest } from './access-log.js'

export interface StaticRegistry {
  readonly host: string
  readonly url: string
  requests(): readonly LoggedRequest[]
  clearRequests(): void
  stop(): Promise<void>
}

type Contents = ReadonlyMap<string, FixtureBlob>

/**
 * Serves fixture images, read-only, from within this process: for machines without a docker-registry. The keys of
 * `images` are `repository:tag`. Serves manifests by tag and digest, and whole blobs; no ranges, no listings.
 */
export async function startStaticRegistry(
  images: ReadonlyMap<string, FixtureImage>,
): Promise<StaticRegistry> {
  const contents = contentByPath(images)
  let requests: LoggedRequest[] = []
  const server = createServer((request, response) => {
    response.on('close', () => requests.push(logged(request, response)))
    answer(contents, request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    host,
    url: `http://${host}`,
    requests: () => requests,
    clearRequests: () => {
      requests = []
    },
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function contentByPath(images: ReadonlyMap<string, FixtureImage>): Contents {
  const contents = new Map<string, FixtureBlob>()
  for (const [name, image] of images) {
    const [repository = '', tag = 'latest'] = name.split(':')
    for (const content of allContent(image)) {
      const { mediaType, digest } = content.descriptor
      const kind = /manifest|index/.test(mediaType) ? 'manifests' : 'blobs'
      contents.set(`/v2/${repository}/${kind}/${digest}`, content)
      if (digest === image.descriptor.digest) contents.set(`/v2/${repository}/manifests/${tag}`, content)
    }
  }
  return contents
}

async function answer(contents: Contents, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?')
  const content = contents.get(path)
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'UNSUPPORTED')
  if (path === '/v2/') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  if (content === undefined) {
    return refuse(response, 404, path.includes('/manifests/') ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN')
  }
  const { mediaType, digest, size } = content.descriptor
  const type = path.includes('/manifests/') ? mediaType : 'application/octet-stream'
  const headers = { 'content-type': type, 'content-length': size, 'docker-content-digest': digest }
  response.writeHead(200, headers)
  if (request.method === 'HEAD') return void response.end()
  await pipeline(Readable.from(content.open()), response)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errors: [{ code }] }))
}

function logged(request: IncomingMessage, response: ServerResponse): LoggedRequest {
  const { method = '', url: path = '', headers } = request
  return { method, path, status: response.statusCode, userAgent: headers['user-agent'] ?? '' }
}
