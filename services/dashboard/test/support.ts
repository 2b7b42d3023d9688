import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sessions } from '@dist/runs'
import { onTestFinished } from 'vitest'
import { SessionDoor } from '../src/access/sessions.js'
import { openUsers, type UserSettings, type Users } from '../src/access/users.js'

/** A hash, by its form. With `compare`, its password is `right`. */
export const hash = `$2y$05$${'a'.repeat(53)}`

const compare = async (password: string, known: string) => password === 'right' && known === hash

/** The users of settings; closed at the end of the test. `lines`: of the file of users. `errors`: what was logged of it. */
export async function usersOf(
  lines: readonly string[],
  settings: UserSettings = {},
): Promise<{ users: Users | undefined; write(lines: readonly string[]): void; errors: object[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'dist-users-'))
  const usersFile = join(folder, 'users')
  const write = (some: readonly string[]) =>
    writeFileSync(usersFile, some.map((line) => `${line}\n`).join(''))
  write(lines)
  const given = lines.length === 0 ? settings : { ...settings, usersFile }
  const errors: object[] = []
  const log = { info: () => {}, warn: () => {}, error: (_: string, fields = {}) => errors.push(fields) }
  const users = await openUsers(given, { log, compare, interval: 5 })
  onTestFinished(async () => {
    await users?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  return { users, write, errors }
}

/** Sessions in memory. Their secrets are those of the contract's test double: `secret-1`, `secret-2`. */
function memorySessions(): Sessions {
  const known = new Map<string, { user: string; credential: string }>()
  let count = 0
  return {
    begin: async (user, credential) => {
      const secret = `secret-${++count}`
      known.set(secret, { user, credential })
      return secret
    },
    find: async (secret) => {
      const found = known.get(secret)
      const until = new Date(0)
      return found && { user: found.user, until, holds: (credential) => credential === found.credential }
    },
    end: async (secret) => void known.delete(secret),
  }
}

export function doorOf(sessions: Sessions = memorySessions(), publicUrl?: string): SessionDoor {
  return new SessionDoor(sessions, publicUrl)
}
