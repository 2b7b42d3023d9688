import { createHash, randomBytes } from 'node:crypto'
import { formatOwner, type Owner, parseOwner, thisProcess } from '@dist/locks'

/**
 * A claim to a key is an empty file that nobody else will ever have under the same name; all that is to be said
 * about it stands in the name: `<hash of the key>.<owner>.<since>.<token>`. One listing tells everything.
 */
export interface Claim {
  readonly file: string
  readonly hash: string
  readonly owner: Owner
  /** By the claimer's clock: for people, never compared with another clock. */
  readonly since: Date
}

export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

export function newClaim(hash: string): Claim {
  const owner = thisProcess()
  const since = new Date()
  const token = randomBytes(6).toString('hex')
  return { file: `${hash}.${formatOwner(owner)}.${since.getTime()}.${token}`, hash, owner, since }
}

export function parseClaim(file: string): Claim | undefined {
  const [hash, ownerText, since, token, more] = file.split('.')
  if (hash === undefined || ownerText === undefined || token === undefined || more !== undefined)
    return undefined
  const owner = parseOwner(ownerText)
  const time = new Date(Number(since))
  return owner === undefined || Number.isNaN(time.getTime()) ? undefined : { file, hash, owner, since: time }
}
