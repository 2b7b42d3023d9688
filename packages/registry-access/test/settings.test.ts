import { describe, expect, it } from 'vitest'
import { checkAccess } from '../src/access.js'
import { access, hash, loopback, silent, useFolder } from './support/access.js'

describe('settings', () => {
  const everywhere = { host: '0.0.0.0', port: 5000 }

  it.each([
    [{}, loopback],
    [{ anonymous: true }, everywhere],
    [{ htpasswd: 'users', rights: 'rights', tokenKey: 'key' }, everywhere],
  ])('%j may listen at %j', (settings, listen) => {
    expect(() => checkAccess({ ...settings, listen })).not.toThrow()
  })

  it.each([
    [{}, everywhere, '--listen 0.0.0.0:5000'],
    [{ anonymous: true, htpasswd: 'users' }, loopback, '--anonymous and --htpasswd'],
    [{ tlsCert: 'cert' }, loopback, '--tls-cert and --tls-key belong together'],
    [{ rights: 'rights' }, loopback, '--rights needs --htpasswd'],
    [{ tokenKey: 'key', anonymous: true }, loopback, '--token-key needs --htpasswd'],
  ])('W9 %j at %j are refused', (settings, listen, message) => {
    expect(() => checkAccess({ ...settings, listen })).toThrow(message)
  })

  it.each([
    [{ listen: everywhere }, true],
    [{ listen: loopback }, false],
    [{ listen: everywhere, publicUrl: 'https://mirror.example' }, false],
    [{ listen: everywhere, trustedProxies: ['10.0.0.1'] }, false],
    [{ listen: everywhere, tlsCert: 'cert', tlsKey: 'key' }, false],
  ])('%j warn of passwords in plain text: %s', async (settings, expected) => {
    const file = useFolder()
    const warnings: string[] = []
    const log = { ...silent, warn: (message: string) => warnings.push(message) }
    await access({ ...settings, htpasswd: file('users', `alice:${hash}`) }, log)
    expect(warnings.some((each) => each.includes('plain text'))).toBe(expected)
  })

  it.each([
    [{ htpasswd: '/nowhere' }, '--htpasswd: /nowhere cannot be read (ENOENT)'],
    [{ htpasswd: 'users', rights: '/nowhere' }, '--rights: /nowhere cannot be read'],
    [{ htpasswd: 'users', tokenKey: '/nowhere' }, '--token-key: /nowhere cannot be read'],
  ])('%j name the file that cannot be read', async (settings, message) => {
    const file = useFolder()
    const users = file('users', `alice:${hash}`)
    const given = { ...settings, htpasswd: settings.htpasswd === 'users' ? users : settings.htpasswd }
    await expect(access(given)).rejects.toThrow(message)
  })
})
