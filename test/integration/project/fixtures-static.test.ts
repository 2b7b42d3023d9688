import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { allContent, dockerImage, imageIndex, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { type StaticRegistry, startStaticRegistry } from '@dist/testkit/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const layers = [seededLayer('static', 2_000_000)]
const images = new Map([
  ['library/index:latest', imageIndex([ociImage({ layers }), dockerImage({ layers })])],
  ['library/single:1.0', ociImage({ layers })],
])

let registry: StaticRegistry
let folder: string

beforeAll(async () => {
  registry = await startStaticRegistry(images)
  folder = mkdtempSync(join(tmpdir(), 'static-test-'))
})
afterAll(async () => {
  await registry.stop()
  rmSync(folder, { recursive: true, force: true })
})

it.each([...images])('the static registry serves %s to skopeo', async (name, image) => {
  const target = join(folder, 'target')
  const source = `docker://${registry.host}/${name}`
  await run('skopeo', [
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    source,
    `dir:${target}`,
  ])
  for (const { descriptor } of allContent(image)) {
    const hex = descriptor.digest.slice(7)
    const names = [hex, `${hex}.manifest.json`, 'manifest.json']
    expect(names.some((file) => existsSync(join(target, file)))).toBe(true)
  }
})

it('the static registry answers 404 for what it has not, and lists each request', async () => {
  registry.clearRequests()
  const path = '/v2/library/other/manifests/latest'
  expect((await fetch(`${registry.url}${path}`)).status).toBe(404)
  expect(registry.requests()).toMatchObject([{ method: 'GET', path, status: 404 }])
})
