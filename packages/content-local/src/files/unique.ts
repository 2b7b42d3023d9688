import { randomBytes } from 'node:crypto'
import { formatOwner, thisProcess } from '@dist/locks'

/** Tells this thread from the others of its process. Random for each name would cost more than the file. */
const thread = randomBytes(8).toString('hex')
let count = 0
let owner: string | undefined

/** A text that no other call returns, in any thread of any process: hex digits, letters and a hyphen. */
export function uniqueToken(): string {
  return `${thread}-${(count++).toString(36)}`
}

/** This process as a part of a file name. */
export function ownerName(): string {
  owner ??= formatOwner(thisProcess())
  return owner
}
