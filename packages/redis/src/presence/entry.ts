import { sanitize } from '@dist/errdefs'

/** What a service says of itself. */
export interface ServiceAbout {
  /** What it does: `coordinator`, `worker`, `dashboard`. */
  readonly service: string
  /** For people. Need not be unique. */
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
  /** False: it is gone, and what it held is free. */
  readonly alive: boolean
  /** Set when there was no sign of life for a while, or its main thread stands still. */
  readonly silentSince?: Date | undefined
  /** Jobs that it was working on. */
  readonly active: number
}

export function formatAbout({ service, name, version, host, pid }: ServiceAbout): string {
  return JSON.stringify({ service, name, version, host, pid })
}

export interface EntryTimes {
  readonly now: number
  readonly seen: number
  readonly expiry: number
  /** Milliseconds without a sign of life that are nothing unusual. */
  readonly usual: number
}

/** Reads what a service has put there; undefined for what no version of ours has written. */
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
    ...(silent === undefined ? {} : { silentSince: new Date(silent) }),
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
