import { describe, expect, it } from 'vitest'
import { checkUsers, isReadable } from '../src/access/users.js'
import { hash, usersOf } from './support.js'

describe('the listen address', () => {
  const loopback = { host: '127.0.0.1', port: 8080 }
  const everywhere = { host: '0.0.0.0', port: 8080 }
  const ops = { user: 'ops', password: 'x' }

  it('W9 must be loopback without users', () => {
    expect(() => checkUsers({}, loopback)).not.toThrow()
    for (const settings of [ops, { usersFile: 'users' }])
      expect(() => checkUsers(settings, everywhere)).not.toThrow()
    expect(() => checkUsers({}, everywhere)).toThrow('DIST_DASHBOARD_PASSWORD')
    expect(() => checkUsers({}, { host: 'example.com', port: 1 })).toThrow('other than loopback')
  })

  it.each([
    [{}, loopback, false],
    [{}, everywhere, true],
    [{ publicUrl: 'http://dist.example' }, everywhere, true],
    [{ publicUrl: 'https://dist.example' }, everywhere, false],
    [{ trustedProxies: ['10.0.0.1'] }, everywhere, false],
  ])('with %j at %j has passwords sent in plain text: %s', (settings, listen, expected) => {
    expect(isReadable(settings, listen)).toBe(expected)
  })

  it('is refused with a user or a password alone', () => {
    expect(() => checkUsers({ user: 'ops' }, loopback)).toThrow('both a user and a password')
    expect(() => checkUsers({ password: 'x' }, loopback)).toThrow('both a user and a password')
    expect(() => checkUsers({ user: 'a:b', password: 'x' }, loopback)).toThrow('no colon')
  })
})

describe('the file of users', () => {
  it.each([
    [`ann:${hash}:owner`, 'line 1: one of the roles viewer, operator, admin is expected'],
    ['ann:secret:admin', 'the hash of "ann" is not bcrypt'],
    ['# nobody', 'no user in the file'],
    [`ops:${hash}`, 'it has the user of --user, too'],
  ])('is refused with %s', async (line, message) => {
    await expect(usersOf([line], { user: 'ops', password: 'x' })).rejects.toThrow(message)
  })

  it('gives its users their roles, beside the one of the settings', async () => {
    const { users } = await usersOf([`ann:${hash}`, `bob:${hash}: operator`], { user: 'ops', password: 'x' })
    const roles = ['ann', 'bob', 'ops', 'nobody'].map((name) => users?.find(name)?.role)
    expect(roles).toEqual(['viewer', 'operator', 'admin', undefined])
  })

  it('that is broken later changes nothing, and the log says so', async () => {
    const { users, write, errors } = await usersOf([`ann:${hash}`])
    write(['broken'])
    await expect.poll(() => errors).toMatchObject([{ why: expect.stringContaining('user:hash is expected') }])
    expect(users?.find('ann')?.role).toBe('viewer')
    write([`ann:${hash}:admin`])
    await expect.poll(() => users?.find('ann')?.role).toBe('admin')
  })
})
