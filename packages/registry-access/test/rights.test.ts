import { expect, it } from 'vitest'
import { parseRights } from '../src/rights/rights.js'

const file = `
users:
  alice: ['docker.io/library/*', '10.0.0.7:5000/team/**']
  root: ['**']
everyone: ['quay.io/public/**']
`

it.each([
  ['alice', 'docker.io/library/alpine', true],
  ['alice', 'docker.io/library/a/b', false],
  ['alice', 'docker.io/team/app', false],
  ['alice', 'evil.docker.io/library/alpine', false],
  ['alice', 'dockerxio/library/alpine', false],
  ['alice', '10.0.0.7:5000/team/a/b', true],
  ['alice', 'quay.io/public/tool', true],
  ['nobody', 'quay.io/public/tool', true],
  ['nobody', 'docker.io/library/alpine', false],
  ['constructor', 'docker.io/library/alpine', false],
  ['root', 'docker.io/team/app', true],
])('%s may read %s: %s', async (user, repository, expected) => {
  const rights = await parseRights(file, 'rights.yaml')
  for (let i = 0; i < 2; i++) expect(rights.mayPull(user, repository)).toBe(expected)
})

it('who may read everything may list everything', async () => {
  const rights = await parseRights(file, 'rights.yaml')
  expect(['root', 'alice', 'nobody'].map((user) => rights.mayList(user))).toEqual([true, false, false])
})

it('may be JSON or TOML', async () => {
  const json = await parseRights('{"users":{"a":["docker.io/**"]}}', 'rights.json')
  const toml = await parseRights('[users]\na = ["docker.io/**"]\n', 'rights.toml')
  for (const rights of [json, toml]) expect(rights.mayPull('a', 'docker.io/library/x')).toBe(true)
})

it.each([
  ['user: {}', 'rights.yaml:1:1: unknown key user: allowed are users, everyone'],
  ['users:\n  bob: docker.io/**', 'rights.yaml:2:8: users.bob: a list of patterns is expected'],
  ['users:\n  bob: ["a/["]', 'rights.yaml:2:9: users.bob[0]: a set such as [a-z] is expected after "["'],
  ['users: [', 'rights.yaml:'],
  ['- bob', 'a map is expected'],
])('%j is refused with its place', async (text, message) => {
  await expect(parseRights(text, 'rights.yaml')).rejects.toThrow(message)
})
