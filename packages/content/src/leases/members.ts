import { randomUUID } from 'node:crypto'
import type { Note, Notes } from './notes.js'

/** How processes that share a store find each other. */
export interface LeaseSettings {
  /** This process among those of its machine: letters, digits and hyphens. Default: unknown. */
  owner?: string | undefined
  /** Whether the process of an owner is known to have ended. Default: never. */
  isDead?: ((owner: string) => boolean) | undefined
  /** Milliseconds between two renewals. Default 20,000. */
  renewal?: number | undefined
  /** Milliseconds without a renewal after which a process counts as ended. Default 120,000. */
  ttl?: number | undefined
  /** Milliseconds for which processes remember that content was there. Default: 0. */
  memory?: number | undefined
  /** Milliseconds between two looks at others that are waited for. Default 250. */
  poll?: number | undefined
  /** Milliseconds in which the store answers the last requests of a process that was killed. Default 15,000. */
  lastRequests?: number | undefined
}

export const defaultRenewal = 20_000
export const defaultTtl = 120_000
export const defaultPoll = 250

/** The folder of the notes by which processes tell that they are at work. */
const folder = 'leases'

export type Kind = 'lease' | 'collection'

/** A process that is at work: it holds a lease, or collects garbage. */
export interface Member {
  readonly id: string
  readonly kind: Kind
  readonly key: string
  /** By the clock of the store. */
  readonly renewedAt: Date
  /** Whether its process has ended for so long that the store has answered its last requests. */
  readonly isGone: boolean
}

/** The key of a new member. */
export function newMember(kind: Kind, owner = 'unknown'): { readonly id: string; readonly key: string } {
  const id = randomUUID()
  return { id, key: `${folder}/${owner}.${id}.${kind}` }
}

/** The members of a store at one moment. */
export interface Members {
  /** Those that are not known to have ended. */
  readonly live: readonly Member[]
  /** The keys of the notes of those that have ended. */
  readonly ended: readonly string[]
  /** The time by the clock of the store; undefined if the note `own` is not there. */
  readonly now: Date | undefined
}

/** Finds the members. `own`: the key of a note of the caller, which was written `age` milliseconds ago. */
export async function findMembers(
  notes: Notes,
  { own, age }: { readonly own: string; readonly age: number },
  { isDead = () => false, ttl = defaultTtl, memory = 0, lastRequests = 15_000 }: LeaseSettings,
): Promise<Members> {
  const found: Note[] = []
  for await (const note of notes.list(folder)) found.push(note)
  const written = found.find(({ key }) => key === own)?.writtenAt
  const now = written && new Date(written.getTime() + age)
  const live: Member[] = []
  const ended: string[] = []
  for (const { key, writtenAt } of found) {
    const [owner = '', id, kind] = key.slice(folder.length + 1).split('.')
    if (id === undefined || (kind !== 'lease' && kind !== 'collection')) continue
    const age = now === undefined ? 0 : now.getTime() - writtenAt.getTime()
    const isOther = key !== own
    const hasEnded = isOther && isDead(owner)
    // A collection that was killed is a reason for care while others may remember what it has deleted.
    const isOver = kind === 'lease' ? age > ttl || hasEnded : age > ttl + memory
    if (isOther && isOver) ended.push(key)
    else live.push({ id, kind, key, renewedAt: writtenAt, isGone: hasEnded && age >= lastRequests })
  }
  return { live, ended, now }
}

/** A moment by the clocks of this process. A suspended machine may stop one of them, and a person may set the other. */
export class Moment {
  readonly #monotonic = performance.now()
  readonly #wall = Date.now()

  /** Milliseconds since then, by the clock that shows more. */
  get age(): number {
    return Math.max(0, performance.now() - this.#monotonic, Date.now() - this.#wall)
  }
}

/** The note of a lease. */
export interface LeaseNote {
  /** When it was taken, by the clock of the store in milliseconds; undefined before the first renewal. */
  readonly began?: number | undefined
  /** The collections that its holder knows of, at each publication. */
  readonly knows: readonly string[]
}

/** The note of a collection. While it deletes, nothing is published. */
export interface CollectionNote {
  readonly deletes: boolean
}

export function formatNote(note: LeaseNote | CollectionNote): Uint8Array {
  return Buffer.from(`${JSON.stringify(note)}\n`)
}

/** The folder of what processes publish while a collection is at work. */
export const announcements = 'announcements'

/** Parses a note. Undefined for one that is gone, or that a newer version has written in another form. */
export function parseNote<T extends LeaseNote | CollectionNote>(
  content: Uint8Array | undefined,
): T | undefined {
  if (content === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(content).toString()) as T
  } catch {
    return undefined
  }
}
