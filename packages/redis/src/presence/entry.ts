import { sanitize } from '@dist/errdefs'

/** The description of a service. */
export interface ServiceAbout {
  /** Its kind: `coordinator`, `worker`, `dashboard`. */
  readonly service: string
  /** For people; not unique. */
  readonly name: string
  readonly version: string
  readonly host: string
  readonly pid: number
}

/** A service as the others see it. The dates are by Redis' clock. */
export interface ServiceEntry extends ServiceAbout {
  readonly id: string
  readonly startedAt: Date
  readonly seenAt: Date
  /** False when it is gone: what it held is free. */
  readonly alive: boolean
  /** Set when it was not seen for a while, or its main thread is blocked. */
  readonly silentSince?: Date | undefined
  /** Its jobs under way when it was last seen. */
  readonly active: number
}

export function formatAbout({ service, name, version, host, pid }: ServiceAbout): string {
  return JSON.stringify({ service, name, version, host, pid })
}

interface EntryTimes {
  readonly now: number
  readonly seen: number
  readonly expiry: number
  /** Milliseconds between two signs of life that are normal. */
  readonly usual: number
}

/** Reads a service's entry; undefined for an entry that no version of dist wrote. */
export function parseEntry(
  id: string,
  fields: Readonly<Record<string, string>>,
  { now, seen, expiry, usual }: EntryTimes,
): ServiceEntry | undefined {
  const about = parseAbout(fields.about)
  if (about === undefined || !Number.isFinite(seen)) return undefined
  const still = count(fields.still)
  const silent = now - seen > usual ? seen : still > usual ? seen - still : undefined
  return {
    id,
    ...about,
    startedAt: new Date(count(fields.started)),
    seenAt: new Date(seen),
    alive: now - seen <= expiry,
    silentSince: silent === undefined ? undefined : new Date(silent),
    active: count(fields.active),
  }
}

function parseAbout(text: string | undefined): ServiceAbout | undefined {
  const { service, name, version, host, pid } = fieldsOf(text ?? '')
  if (typeof service !== 'string' || typeof name !== 'string') return undefined
  return {
    service: sanitize(service, 40),
    name: sanitize(name, 100),
    version: sanitize(String(version ?? ''), 40),
    host: sanitize(String(host ?? ''), 100),
    pid: count(pid),
  }
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function count(value: unknown): number {
  const number = Number(value)
  return Number.isSafeInteger(number) && number >= 0 ? number : 0
}
