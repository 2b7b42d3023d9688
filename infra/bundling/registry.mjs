import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
}

/** Starts a registry with one image at every name, which takes all that is pushed. Resolves to its host. */
export async function startRegistry() {
  const layers = [10 * 1024, 2 * 1024 * 1024].map((size) => object(types.layer, randomBytes(size)))
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
  const config = object(types.config, json({ architecture: 'amd64', os: 'linux', rootfs }))
  const [described, ...below] = [config, ...layers].map(({ content: _, ...descriptor }) => descriptor)
  const document = { schemaVersion: 2, mediaType: types.manifest, config: described, layers: below }
  const manifest = object(types.manifest, json(document))
  const blobs = new Map([config, ...layers].map((each) => [each.digest, each]))

  const server = createServer((request, response) => {
    const [, repository, kind, name] = /^\/v2\/(\w+)\/(manifests|blobs)\/([^?]*)/.exec(request.url) ?? []
    const pushed = repository === 'warm' ? undefined : request.method
    const found = kind === 'manifests' ? manifest : blobs.get(name)
    if (pushed === 'POST') end(202, { location: `${request.url}1` })
    else if (pushed !== undefined && pushed !== 'GET')
      request.resume().on('end', () => end(pushed === 'HEAD' ? 404 : 201))
    else if (found === undefined) end(404)
    else {
      const { mediaType, size, digest, content } = found
      const headers = { 'content-type': mediaType, 'content-length': size, 'docker-content-digest': digest }
      end(200, headers, request.method === 'HEAD' ? undefined : content)
    }
    function end(status, headers, body) {
      response.writeHead(status, headers).end(body)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${server.address().port}`
}

function object(mediaType, content) {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { mediaType, digest, size: content.byteLength, content }
}

function json(document) {
  return Buffer.from(JSON.stringify(document))
}
