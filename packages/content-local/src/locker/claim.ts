import { createHash } from 'node:crypto'
import { type Owner, parseOwner, thisProcess } from '@dist/locks'
import { ownerName, uniqueToken } from '../files/unique.js'

/**
 * A claim to a key is a file with a unique name that contains all its properties:
 * `<hash of the key>.<owner>.<since>.<token>`. Listing the directory is enough to read all claims.
 */
export interface Claim {
  readonly file: string
  readonly hash: string
  readonly owner: Owner
  /** By the clock of the owner. For messages only, never compared with another clock. */
  readonly since: Date
}

export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

export function newClaim(hash: string): Claim {
  const since = new Date()
  const file = `${hash}.${ownerName()}.${since.getTime()}.${uniqueToken()}`
  return { file, hash, owner: thisProcess(), since }
}

export function parseClaim(file: string): Claim | undefined {
  const [hash, ownerText, since, token, more] = file.split('.')
  if (hash === undefined || ownerText === undefined || token === undefined || more !== undefined)
    return undefined
  const owner = parseOwner(ownerText)
  const time = new Date(Number(since))
  return owner === undefined || Number.isNaN(time.getTime()) ? undefined : { file, hash, owner, since: time }
}
