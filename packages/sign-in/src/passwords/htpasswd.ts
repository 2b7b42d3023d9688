import { DistError, sanitize } from '@dist/errdefs'
import { makeDecoy } from './decoy.js'
import { parseRole, type Role } from './roles.js'

/** Users with the bcrypt hashes of their passwords. */
export interface PasswordFile {
  readonly hashes: ReadonlyMap<string, string>
  /** A hash that no password has. Comparing with it takes as long as with the costliest one of the file. */
  readonly decoy: string
}

/** Users with their roles, too. */
export interface UserFile extends PasswordFile {
  readonly roles: ReadonlyMap<string, Role>
}

const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
/** The cost is a power of two: a password of cost 15 takes some seconds. */
const maxCost = 15

/** A line of a file of users. `rest`: what follows the hash, behind a colon. */
interface UserLine {
  readonly user: string
  readonly hash: string
  readonly cost: number
  readonly rest?: string | undefined
  /** The file and the line. */
  readonly at: string
}

/**
 * Reads the text of an htpasswd file: `user:hash` on each line; empty lines and those that begin with `#` are skipped. Throws
 * `INVALID_ARGUMENT` with the line, also for hashes other than bcrypt. Messages have no hashes.
 */
export function parseHtpasswd(text: string, path: string): PasswordFile {
  const lines = readLines(text, path)
  for (const { rest, at } of lines)
    if (rest !== undefined) throw invalid(at, 'user:hash is expected, and nothing behind it')
  return passwordsOf(lines)
}

/** As `parseHtpasswd`, of lines `user:hash:role`. See `parseRole`. */
export function parseUsers(text: string, path: string): UserFile {
  const lines = readLines(text, path)
  return {
    ...passwordsOf(lines),
    roles: new Map(lines.map(({ user, rest, at }) => [user, parseRole(rest, at)])),
  }
}

function readLines(text: string, path: string): UserLine[] {
  const users = new Set<string>()
  const lines = text.split('\n').flatMap((whole, index) => {
    const line = whole.replace(/\r$/, '')
    if (line.trim() === '' || line.startsWith('#')) return []
    return [parseLine(line, `${path}, line ${index + 1}`)]
  })
  for (const { user, at } of lines) {
    if (users.has(user)) throw invalid(at, `the user "${sanitize(user, 60)}" stands twice in the file`)
    users.add(user)
  }
  if (lines.length === 0) throw invalid(path, 'there is no user in the file; add one with htpasswd -B')
  return lines
}

function parseLine(line: string, at: string): UserLine {
  const [user = '', given, ...others] = line.split(':')
  if (user === '' || given === undefined) throw invalid(at, 'user:hash is expected')
  const hash = given.trim()
  const [, cost] = bcrypt.exec(hash) ?? []
  const shown = `the hash of "${sanitize(user, 60)}"`
  if (cost === undefined) throw invalid(at, `${shown} is not bcrypt; write it with htpasswd -B`)
  if (Number(cost) < 4 || Number(cost) > maxCost)
    throw invalid(at, `${shown} has the cost ${cost}; 4 to ${maxCost} are allowed`)
  const rest = others.length === 0 ? undefined : others.join(':').trim()
  return { user, hash, cost: Number(cost), rest, at }
}

function passwordsOf(lines: readonly UserLine[]): PasswordFile {
  const hashes = new Map(lines.map(({ user, hash }) => [user, hash]))
  return { hashes, decoy: makeDecoy(Math.max(...lines.map(({ cost }) => cost))) }
}

function invalid(at: string, what: string): DistError {
  return new DistError('INVALID_ARGUMENT', `${at}: ${what}`)
}
