import { randomBytes } from 'node:crypto'
import { formatOwner, livenessOf, parseOwner, thisProcess } from '@dist/locks'

/**
 * A directory in the making is named after its maker, so that what a dead one left can be told and removed: the owner
 * and `-<random>`.
 */
export function draftName(): string {
  return `${formatOwner(thisProcess())}-${randomBytes(6).toString('hex')}`
}

/** Milliseconds that a draft is spared whose maker cannot be asked: nobody works at one for so long. */
const unknownOwnerGraceMs = 7 * 24 * 60 * 60 * 1000

/** Whether a directory of that name is a draft whose maker is gone. `madeAt`: milliseconds since the epoch. */
export function isAbandoned(name: string, madeAt: number): boolean {
  const [, text = ''] = /^(.*)-[0-9a-f]{12}$/.exec(name) ?? []
  const maker = parseOwner(text)
  if (maker === undefined) return false
  const fate = livenessOf(maker)
  return fate === 'unknown' ? Date.now() - madeAt > unknownOwnerGraceMs : fate === 'dead'
}
