import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hostPlatform } from '@dist/oci'
import { busyboxImage, imageIndex, ociImage, pushImage, tarLayer } from '@dist/testkit/fixtures'
import { beforeAll, expect, it } from 'vitest'
import { requireRunc } from '../support/runc.js'
import { useRegistry } from '../support/servers.js'
import { type Ended, linesOf, useWorkspace } from '../support/workspace.js'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const greeting = tarLayer([{ path: 'bin/greet', content: '#!/bin/sh\necho hello\n', mode: 0o755 }])
const image = busyboxImage({ Cmd: ['/bin/sh'], Env: ['PATH=/bin'] }, [
  tarLayer([{ path: 'etc/motd', content: 'mirrored by dist\n' }]),
  greeting,
])
const { architecture } = hostPlatform()
const other = { os: 'linux', architecture: architecture === 'arm64' ? 'amd64' : 'arm64' }
const index = imageIndex([image, ociImage({ layers: [greeting], platform: other })])

const workspace = useWorkspace()
const source = useRegistry(({ url }) => pushImage(url, 'demo/hello', 'latest', index))
const destination = useRegistry()
beforeAll(requireRunc)

interface Entry {
  readonly command: string
  readonly output: readonly string[]
}

/** The commands of README's block that has this line, each with what is said to come out of it. */
function transcript(line: string): Entry[] {
  const block = readme.split(/^```.*$/m).find((text) => text.includes(`\n${line}`))
  if (block === undefined) throw new Error(`README.md has no block with ${line}`)
  const entries = block.trim().split(/^\$ /m).slice(1)
  return entries.map((entry) => {
    const [command = '', ...output] = linesOf(entry)
    return { command, output }
  })
}

/** What differs from one machine, and one registry, to the next. */
function comparable(text: string): string {
  return text
    .replaceAll(source().host, '127.0.0.1:38721')
    .replaceAll(destination().host, '127.0.0.1:5000')
    .replace(/sha256:[0-9a-f]+…?/g, 'DIGEST')
    .replace(/(?<=^| )\/\S*\//g, '/.../')
    .replace(/\d[\d.]* [KM]iB/g, 'SIZE')
}

/** A user's terminal, with runc's state in a directory of the test's own. */
function type(command: string): Promise<Ended> {
  const line = command
    .replaceAll('127.0.0.1:38721', source().host)
    .replaceAll('127.0.0.1:5000', destination().host)
  const script = `runc() { command runc --root "$TMPDIR/runc" "$@"; }\n${line}`
  return workspace().shell(script, {
    env: { PATH: `${workspace().env.PATH}${delimiter}/usr/sbin${delimiter}/sbin` },
  })
}

const digestsIn = (store: string) => readdirSync(join(store, 'blobs/sha256')).sort()

it('A stranger pulls an image, unpacks it, runs it with runc, pushes it to a docker-registry, exports it, imports it into an empty store and verifies it, with the commands of the docs', async () => {
  const entries = transcript('$ runc run')
  const verbs = entries.map(({ command }) => command.match(/^(?:dist )?([a-z]+)/)?.[1])
  expect(verbs).toEqual(['pull', 'bundle', 'runc', 'push', 'export', 'import', 'verify'])
  for (const { command, output } of entries) {
    const ended = await type(command)
    expect(ended, `${command}\n${ended.stderr}`).toMatchObject({ code: 0 })
    expect(linesOf(comparable(ended.stdout)), command).toEqual(output.map(comparable))
  }
  const elsewhere = join(workspace().root, 'elsewhere')
  expect(digestsIn(elsewhere)).toEqual(digestsIn(workspace().store))
  const manifest = await fetch(`${destination().url}/v2/team/hello/manifests/1.0`, {
    headers: { accept: image.descriptor.mediaType },
  })
  const bytes = new Uint8Array(await manifest.arrayBuffer())
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(image.descriptor.digest)
})
