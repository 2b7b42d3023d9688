import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Catalogue, type CatalogueContent, imageOfTag, type Shape } from './catalogue.js'
import { type Distance, sendPaced } from './send.js'

// A registry of a catalogue, in a process of its own that ends with its channel: it answers GET and HEAD of manifests and
// blobs. A blob is known once the manifest that names it has been asked for.

const [, , options = '{}'] = process.argv
const { shape, distance } = JSON.parse(options) as { shape: Shape; distance?: Distance | undefined }
const catalogue = new Catalogue(shape)
/** The number of the image of a digest. */
const images = new Map<string, number>()
let requests = 0

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  requests++
  answer(request, response).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.({ requests }))
process.on('disconnect', () => process.exit())

async function answer({ url = '', method }: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  if (distance !== undefined) await delay(distance.latency, undefined, { signal: gone.signal })
  const content = contentOf(url)
  if (content === undefined) {
    response.writeHead(url === '/v2/' ? 200 : 404, { 'content-type': 'application/json' })
    return void response.end('{}')
  }
  const { mediaType, digest, size } = content.descriptor
  const type = url.includes('/blobs/') ? 'application/octet-stream' : mediaType
  response.writeHead(200, { 'content-type': type, 'content-length': size, 'docker-content-digest': digest })
  if (method === 'HEAD') return void response.end()
  if (distance !== undefined) {
    response.flushHeaders()
    return await sendPaced(response, content, distance, gone.signal)
  }
  response.end(Buffer.concat(content.parts))
}

function contentOf(url: string): CatalogueContent | undefined {
  const name = url.slice(url.lastIndexOf('/') + 1)
  const index = images.get(name) ?? imageOfTag(name)
  if (index === undefined) return undefined
  const { manifest, blobs } = catalogue.image(index)
  if (!name.startsWith('sha256:'))
    for (const { descriptor } of [manifest, ...blobs]) images.set(descriptor.digest, index)
  return [manifest, ...blobs].find(({ descriptor }) => descriptor.digest === name) ?? manifest
}
