import { parseReference } from '@dist/reference'
import { expect, it } from 'vitest'
import { checkMirrorFile, mayTake } from '../src/index.js'

async function takes(mirror: string, reference: string): Promise<boolean> {
  const checked = await checkMirrorFile(`version: 1\nmirrors: [${mirror}]\n`, { path: '/dist.yaml' })
  if (!('file' in checked)) throw new Error(JSON.stringify(checked.mistakes))
  const [entry] = checked.file.entries
  if (entry === undefined) throw new Error('no entry')
  return mayTake(entry, parseReference(reference))
}

it.each([
  ['{ from: "r.example/a:1" }', 'r.example/a:1', true],
  ['{ from: "r.example/a:1" }', 'r.example/a:2', false],
  ['{ from: "r.example/a:1" }', 'other.example/a:1', false],
  [`{ from: "r.example/a@sha256:${'0'.repeat(64)}" }`, 'r.example/a:1', false],
  ['{ from: alpine, tags: { include: "3.*" } }', 'docker.io/library/alpine:3.20', true],
  ['{ from: alpine, tags: { include: "3.*" } }', 'docker.io/library/alpine:edge', false],
  ['{ from: "r.example/a", tags: { newest: 1 } }', 'r.example/a:old', true],
  ['{ from: "r.example/team/**", tags: all }', 'r.example/team/a/b:1', true],
  [
    '{ from: "r.example/team/**", tags: all, repositories: { exclude: "team/a/**" } }',
    'r.example/team/a/b:1',
    false,
  ],
  ['{ from: "r.example/team/**", tags: all }', 'r.example/other:1', false],
])('%s, of %s: %s', async (mirror, reference, expected) => {
  expect(await takes(mirror, reference)).toBe(expected)
})
