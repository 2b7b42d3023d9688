import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dockerImage, imageIndex, ociImage, pushImage, seededLayer, tarLayer } from '@dist/testkit/fixtures'
import { type Registry, registryUser, startRegistry } from '@dist/testkit/servers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const layers = [tarLayer([{ path: 'hello', content: 'world\n' }]), seededLayer('layer', 3_000_000)]
const arm64 = { os: 'linux', architecture: 'arm64' }

async function inspect(registry: Registry, name: string, ...args: string[]) {
  const reference = `docker://${registry.host}/${name}`
  const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', ...args, reference])
  return JSON.parse(stdout)
}

describe('fixture images in a docker-registry', () => {
  let registry: Registry
  let folder: string

  beforeAll(async () => {
    registry = await startRegistry()
    folder = mkdtempSync(join(tmpdir(), 'fixtures-test-'))
  })
  afterAll(async () => {
    await registry.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    await registry.settled()
    registry.clearRequests()
  })

  it.each([
    ['oci', ociImage],
    ['docker', dockerImage],
  ])('are read by skopeo (%s)', async (format, build) => {
    const image = build({ layers })
    await pushImage(registry.url, `library/${format}`, '1.0', image)
    const seen = await inspect(registry, `library/${format}:1.0`)
    expect(seen.Digest).toBe(image.descriptor.digest)
    expect(seen.Layers).toEqual(layers.map((layer) => layer.descriptor.digest))
  })

  it('are copied by skopeo into an OCI layout byte for byte, an index with all its images', async () => {
    const index = imageIndex([ociImage({ layers }), ociImage({ layers, platform: arm64 })])
    await pushImage(registry.url, 'library/index', 'latest', index)
    const source = `docker://${registry.host}/library/index:latest`
    const target = join(folder, 'layout')
    await run('skopeo', ['copy', '--all', '--src-tls-verify=false', source, `oci:${target}:index`])
    const [entry] = JSON.parse(readFileSync(join(target, 'index.json'), 'utf8')).manifests
    expect(entry.digest).toBe(index.descriptor.digest)
    for (const { descriptor } of [...layers, ...index.children]) {
      expect(existsSync(join(target, 'blobs/sha256', descriptor.digest.slice(7)))).toBe(true)
    }
  })

  it('share blobs: a push sends no blob that is there', async () => {
    await pushImage(registry.url, 'library/first', 'a', ociImage({ layers }))
    await registry.settled()
    registry.clearRequests()
    await pushImage(registry.url, 'library/first', 'b', ociImage({ layers, annotations: { x: 'y' } }))
    await registry.settled()
    const methods = registry.requests().map((request) => request.method)
    expect(methods).toEqual(['HEAD', 'HEAD', 'HEAD', 'PUT'])
  })

  it('are counted as they are read: each request with method, path and status', async () => {
    await fetch(`${registry.url}/v2/library/none/manifests/latest`)
    await registry.settled()
    expect(registry.requests()).toMatchObject([
      { method: 'GET', path: '/v2/library/none/manifests/latest', status: 404 },
    ])
  })
})

describe('a docker-registry of its own', () => {
  it('with a password, takes no images without it', async () => {
    const registry = await startRegistry({ auth: true })
    try {
      const image = ociImage({ layers: layers.slice(0, 1) })
      await expect(pushImage(registry.url, 'private/a', '1', image)).rejects.toThrow('401')
      await pushImage(registry.url, 'private/a', '1', image, { auth: registryUser })
      const credentials = `${registryUser.name}:${registryUser.password}`
      expect((await inspect(registry, 'private/a:1', '--creds', credentials)).Digest).toBe(
        image.descriptor.digest,
      )
    } finally {
      await registry.stop()
    }
  })

  it('with TLS, is trusted by clients with its authority', async () => {
    const registry = await startRegistry({ tls: true })
    try {
      const image = ociImage({ layers: layers.slice(0, 1) })
      await expect(pushImage(registry.url, 'a', '1', image)).rejects.toThrow(/certificate/)
      await pushImage(registry.url, 'a', '1', image, { ca: registry.ca?.pem ?? '' })
    } finally {
      await registry.stop()
    }
  })

  it('with delete, lets manifests be deleted', async () => {
    const registry = await startRegistry({ delete: true })
    try {
      const image = ociImage({ layers: layers.slice(0, 1) })
      await pushImage(registry.url, 'a', '1', image)
      const url = `${registry.url}/v2/a/manifests/${image.descriptor.digest}`
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(202)
      expect((await fetch(url)).status).toBe(404)
    } finally {
      await registry.stop()
    }
  })
})
