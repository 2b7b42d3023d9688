import { expect, it } from 'vitest'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

const hash = (args: readonly string[], stdin = 'secret 1\n') =>
  workspace().dist(['user', 'hash', ...args, '--password-stdin'], { stdin })

it('dist user hash prints the line of a user, who may look unless a role is given', async () => {
  const plain = await hash(['ann'])
  expect(plain).toMatchObject({ code: 0, stderr: '' })
  expect(plain.stdout).toMatch(/^ann:\$2b\$12\$[./A-Za-z0-9]{53}:viewer\n$/)
  const [user] = jsonLines<{ hash: string }>((await hash(['ann b', '--role', 'admin', '--json'])).stdout)
  expect(user).toEqual({ user: 'ann b', role: 'admin', hash: expect.stringMatching(/^\$2b\$12\$/) })
})

it.each([
  ['a name with a colon', ['a:b'], 'x', 'the user name is empty, has a colon'],
  ['a comment as a name', ['#a'], 'x', 'begins with "#"'],
  ['no password', ['ann'], '\n', 'the password on stdin is empty'],
  ['a password that bcrypt would cut', ['ann'], 'x'.repeat(73), 'longer than 72 bytes'],
  ['an unknown role', ['ann', '--role', 'owner'], 'x', 'viewer, operator, admin'],
])('dist user hash refuses %s', async (_, args, stdin, message) => {
  const { code, stdout, stderr } = await hash(args, stdin)
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
})

it('dist user hash asks twice on a terminal, without echo', async () => {
  const ask = async (first: string, second: string) => {
    const running = workspace().startShell("script -qec 'dist user hash ann' /dev/null")
    await running.said('Password: ')
    running.child.stdin?.write(`${first}\r`)
    await running.said('The same again: ')
    running.child.stdin?.write(`${second}\r`)
    return await running.ended
  }
  const same = await ask('hidden1', 'hidden1')
  expect([same.code, same.stdout]).toEqual([0, expect.stringMatching(/ann:\$2b\$12\$\S{53}:viewer/)])
  expect(same.stdout).not.toContain('hidden1')
  const other = await ask('hidden1', 'hidden2')
  expect([other.code, other.stdout]).toEqual([2, expect.stringContaining('the two passwords differ')])
  expect((await workspace().dist(['user', 'hash', 'ann'])).stderr).toContain('give --password-stdin')
})
