import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fixtureBlob, ociImage, pushImage, singleImage, tarLayer } from '@dist/testkit/fixtures'
import { expect, it } from 'vitest'
import { useRegistry } from '../support/servers.js'
import { linesOf, useWorkspace } from '../support/workspace.js'

const many = ociImage({
  layers: Array.from({ length: 20 }, (_, i) => tarLayer([{ path: `file-${i}`, content: `${i}` }])),
})
const registry = useRegistry(async ({ url }) => {
  await pushImage(url, 'app', '1', singleImage)
  await pushImage(url, 'many', '1', many)
})
const workspace = useWorkspace()

it('layers of a manifest, ten at a time, through fetch and ingest', async () => {
  const remote = `${registry().host}/many`
  const script = `
    set -euo pipefail
    dist fetch ${remote} 1 mediatype:application/vnd.oci.image.manifest.v1+json |
      jq -r '.layers[] | "\\(.digest) \\(.size)"' |
      xargs -P10 -L1 bash -c 'set -o pipefail
        dist fetch ${remote} "$0" type:blob |
          dist ingest --expected-digest "$0" --expected-size "$1" "layer-$0"'`
  const ended = await workspace().shell(script)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const layers = many.blobs.slice(1).map(({ descriptor }) => `${descriptor.digest} ${descriptor.size}`)
  expect(linesOf(ended.stdout).sort()).toEqual(layers.sort())
  const listed = linesOf((await workspace().dist(['list', '-q'])).stdout)
  expect(listed.sort()).toEqual(layers.map((line) => line.split(' ')[0]))
})

it('digests of one fetch are the lines of the next', async () => {
  const remote = `${registry().host}/app`
  const script = `
    dist fetch ${remote} 1 | jq -r '.config.digest + " type:blob"' |
      dist fetch --stdin ${remote} | tail -n +2 | jq -r .architecture`
  expect(await workspace().shell(script)).toMatchObject({ stdout: 'amd64\n', stderr: '' })
})

it('a reader that has seen enough ends it quietly', async () => {
  // More names than a pipe holds; listing does not open the files.
  const blobs = join(workspace().store, 'blobs', 'sha256')
  await workspace().dist(['ingest', 'first'], { stdin: 'hello' })
  mkdirSync(blobs, { recursive: true })
  for (let i = 0; i < 3000; i++) {
    const { digest } = fixtureBlob(`blob ${i}`).descriptor
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), '')
  }
  const script = `dist list | head -1; echo "\${PIPESTATUS[0]}"`
  const ended = await workspace().shell(script)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(linesOf(ended.stdout)).toEqual([expect.stringContaining('DIGEST'), '0'])
})

it('an output that takes no more is an error in one line', async () => {
  await workspace().shell('echo content | dist ingest a')
  const ended = await workspace().shell('dist list > /dev/full')
  expect(ended).toMatchObject({
    code: 1,
    stderr: 'dist: stdout: cannot be written: no space left on the device (ENOSPC)\n',
  })
})
