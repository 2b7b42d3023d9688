import { expect, it } from 'vitest'
import { hashPassword } from '../src/passwords/hash.js'
import { parseHtpasswd, parseUsers } from '../src/passwords/htpasswd.js'
import { compare, hash, password } from './support/users.js'

const parse = (text: string) => parseHtpasswd(text, '/etc/users')

it('users are read with their hashes, also with Windows line ends', async () => {
  const { hashes } = parse(`# users\r\n\r\nalice:${hash}\r\nbob:${hash.replace('$2y$', '$2b$')}\n`)
  expect([...hashes.keys()]).toEqual(['alice', 'bob'])
  for (const each of hashes.values()) expect(await compare(password, each)).toBe(true)
})

it.each([
  ['an MD5 hash', 'bob:$apr1$abcdefgh$0123456789012345678901', 'line 1: the hash of "bob" is not bcrypt'],
  ['a SHA hash', '\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'line 2: the hash of "bob" is not bcrypt'],
  ['a password', 'bob:secret1', 'htpasswd -B'],
  ['a hash that is cut', `bob:${hash.slice(0, -1)}`, 'is not bcrypt'],
  ['a hash that takes minutes', `bob:${hash.replace('$05$', '$20$')}`, 'has the cost 20; 4 to 15'],
  ['a line without a colon', 'bob', 'line 1: user:hash is expected'],
  ['a line without a user', `:${hash}`, 'user:hash is expected'],
  ['something behind the hash', `bob:${hash}:admin`, 'line 1: user:hash is expected, and nothing behind it'],
  ['a user twice', `bob:${hash}\nbob:${hash}`, 'line 2: the user "bob" stands twice'],
  ['nobody', '# nobody\n', 'no user in the file'],
])('%s is refused with its line, and the message has no hash', (_, text, message) => {
  const refusal = () => parse(text)
  expect(refusal).toThrow(message)
  expect(refusal).toThrow('/etc/users')
  for (const secret of ['apr1', 'W6ph', 'secret1', 'distregistry']) expect(refusal).not.toThrow(secret)
})

it('the decoy is a hash of the highest cost that no password has', async () => {
  const { decoy } = parse(`a:${hash}\nb:${hash.replace('$05$', '$06$')}`)
  expect(decoy).toMatch(/^\$2b\$06\$[./A-Za-z0-9]{53}$/)
  expect(await compare(password, decoy)).toBe(false)
})

it('the role of a user stands behind the hash; without one the user may look', () => {
  const { hashes, roles } = parseUsers(`a:${hash}\nb:${hash}: operator \nc:${hash}:admin\n`, 'users')
  expect([...hashes.keys()]).toEqual(['a', 'b', 'c'])
  expect([...roles.values()]).toEqual(['viewer', 'operator', 'admin'])
})

it.each(['owner', '', 'admin:more', 'Admin'])('the role "%s" is refused with its line', (role) => {
  expect(() => parseUsers(`a:${hash}\nb:${hash}:${role}`, 'users')).toThrow(
    `users, line 2: one of the roles viewer, operator, admin is expected behind the hash, not "${role}"`,
  )
})

it('the hash of a password is one that the file may have', async () => {
  const made = await hashPassword(password)
  expect(parse(`ann:${made}`).hashes.get('ann')).toBe(made)
  expect(await compare(password, made)).toBe(true)
  await expect(hashPassword('ä'.repeat(37))).rejects.toThrow('longer than 72 bytes')
})
