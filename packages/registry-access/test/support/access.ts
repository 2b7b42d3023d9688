import type { GateRequest, Wanted } from '@dist/registry-server'
import type { AccessLog } from '@dist/sign-in'
import { onTestFinished } from 'vitest'
import { compare, hash, password, silent, useFolder } from '../../../sign-in/test/support/users.js'
import { type AccessSettings, openAccess, type RegistryAccess } from '../../src/access.js'

export { hash, password, silent, useFolder }

/** Access with these users, whose password is `password`; closed at the end of the test. */
export async function signedAccess(
  users: readonly string[],
  settings: Omit<Partial<AccessSettings>, 'htpasswd'> = {},
): Promise<RegistryAccess> {
  const file = useFolder()
  const htpasswd = file('htpasswd', users.map((user) => `${user}:${hash}\n`).join(''))
  return await access({ ...settings, htpasswd })
}

export const loopback = { host: '127.0.0.1', port: 5000 }

export async function access(
  settings: Partial<AccessSettings>,
  log: AccessLog = silent,
): Promise<RegistryAccess> {
  const opened = await openAccess({ listen: loopback, ...settings }, { log, compare, interval: 10 })
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  return opened
}

export function request(some: Partial<GateRequest> = {}): GateRequest {
  const { headers, ...others } = some
  return {
    method: 'GET',
    url: '/v2/',
    remoteAddress: '127.0.0.1',
    encrypted: false,
    ...others,
    headers: { host: 'mirror.example:5000', ...headers },
  }
}

export function basic(user: string, secret = password): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const repository = (name: string): Wanted => ({ kind: 'repository', repository: name })
