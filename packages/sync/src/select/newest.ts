import type { NewestBy } from './filter.js'
import type { Candidate } from './rules.js'
import { knownTime } from './since.js'
import { compareVersions, parseVersion, type Version } from './version.js'

interface Ranked<T extends Candidate> {
  readonly candidate: T
  readonly version?: Version | undefined
  readonly time?: number | undefined
}

/**
 * Keeps the newest of the candidates that it is given. The memory is bounded by `limit`, not by the number of candidates.
 * Tags that are not versions, and tags without a known date, are older than all others. Equal tags are in the order of their
 * names. So each pair of tags has an order, and the result does not depend on the order of the listing.
 */
export class Newest<T extends Candidate> {
  readonly #limit: number
  readonly #by: NewestBy
  #kept: Ranked<T>[] = []

  constructor(limit: number, by: NewestBy = 'version') {
    this.#limit = limit
    this.#by = by
  }

  /** Takes a candidate; returns those that are certain not to be among the newest. */
  offer(candidate: T): T[] {
    this.#kept.push(rank(candidate, this.#by))
    // Sorted when it has doubled: the cost for each candidate does not depend on the limit.
    return this.#kept.length < 2 * this.#limit + 64 ? [] : this.#cut()
  }

  /** Ends: the newest, the newest first, and those that remain. */
  end(): { newest: T[]; older: T[] } {
    const older = this.#cut()
    return { newest: this.#kept.map(({ candidate }) => candidate), older }
  }

  #cut(): T[] {
    this.#kept.sort(newestFirst)
    return this.#kept.splice(this.#limit).map(({ candidate }) => candidate)
  }
}

function rank<T extends Candidate>(candidate: T, by: NewestBy): Ranked<T> {
  switch (by) {
    case 'version':
      return { candidate, version: parseVersion(candidate.tag) }
    case 'date':
      return { candidate, time: knownTime(candidate.created) }
    case 'name':
      return { candidate }
  }
}

function newestFirst(a: Ranked<Candidate>, b: Ranked<Candidate>): number {
  return compareTimes(b.time, a.time) || compareOptional(b.version, a.version) || compareNames(b, a)
}

function compareTimes(a = Number.NEGATIVE_INFINITY, b = Number.NEGATIVE_INFINITY): number {
  return a === b ? 0 : a - b
}

function compareOptional(a: Version | undefined, b: Version | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return compareVersions(a, b)
}

function compareNames({ candidate: a }: Ranked<Candidate>, { candidate: b }: Ranked<Candidate>): number {
  return a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0
}
