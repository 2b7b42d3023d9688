import { createWriteStream, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { mediaTypes } from '@dist/oci'
import { writeTar } from '@dist/tar'
import { allContent, ociImage, seededLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const mebibyte = 1024 * 1024
const image = ociImage({ layers: [seededLayer('memory', 300 * mebibyte)] })
const name = 'registry.example.com/large:1'
/** The memory limit of a process that copies 300 MiB. */
const limit = 160 * mebibyte

/** A layout with the image in it, made without our own export. */
async function* layout() {
  const once = async function* (bytes: Iterable<Uint8Array>) {
    yield* bytes
  }
  for (const { descriptor, open } of allContent(image))
    yield { name: `blobs/${descriptor.digest.replace(':', '/')}`, size: descriptor.size, body: once(open()) }
  const { digest, size, mediaType } = image.descriptor
  const annotations = { 'org.opencontainers.image.ref.name': name }
  const manifests = [{ mediaType, digest, size, annotations }]
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
  yield { name: 'index.json', size: index.byteLength, body: once([index]) }
}

/** Runs a command; resolves to its peak memory in bytes. */
async function memoryOf(script: string): Promise<number> {
  const { root } = workspace()
  // The peak of resource usage (getrusage) begins with that of the process before exec, which is large here.
  const status = `fs.writeFileSync('${join(root, 'status')}', fs.readFileSync('/proc/self/status'))`
  const report = workspace().file(
    'report.cjs',
    `const fs = require('fs')\nprocess.on('exit', () => ${status})\n`,
  )
  const ended = await workspace().shell(script, { env: { NODE_OPTIONS: `--require=${report}` } })
  expect(ended.code, ended.stderr).toBe(0)
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(join(root, 'status'), 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

it('import and export of a layer of 300 MiB, also as a docker archive, need little memory', async () => {
  await pipeline(Readable.from(writeTar(layout())), createWriteStream(join(workspace().root, 'in.tar')))
  expect(await memoryOf('dist import in.tar')).toBeLessThan(limit)
  rmSync(join(workspace().root, 'in.tar'))
  expect(await memoryOf(`dist export -o out.tar ${name}`)).toBeLessThan(limit)
  // Without its index it is a docker archive, with compressed layers.
  const script =
    'mkdir docker && tar -xf out.tar -C docker --exclude=index.json && rm out.tar && tar -C docker -cf - . '
  expect(await memoryOf(`${script} | dist import --store other -`)).toBeLessThan(limit)
})
