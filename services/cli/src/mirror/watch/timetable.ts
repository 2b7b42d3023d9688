import { nextDue, type Timing } from '@dist/schedule'

/** An entry of a mirror file, as far as its times go. */
export interface TimedEntry {
  readonly name: string
  /** Undefined: it is due once, when it is new or has changed. */
  readonly timing?: Timing | undefined
  /** Another text is another version of the entry. */
  readonly text: string
}

interface Row extends TimedEntry {
  /** From when an interval counts. */
  readonly first: number
  next: number | undefined
}

/** When the entries of a mirror file are due in one process. Times are milliseconds since 1970. */
export class Timetable {
  #rows = new Map<string, Row>()

  /** Takes the entries of a file. Those whose timing is the same keep their times. */
  replace(entries: readonly TimedEntry[], now: number): void {
    const rows = entries.map((entry): [string, Row] => [
      entry.name,
      rowOf(entry, this.#rows.get(entry.name), now),
    ])
    this.#rows = new Map(rows)
  }

  /** The names of the entries that are due, in the order of the file. */
  due(now: number): string[] {
    return [...this.#rows.values()].flatMap(({ name, next }) =>
      next !== undefined && next <= now ? [name] : [],
    )
  }

  /** Moves an entry to its next time. However often it was due, it was due once. */
  advance(name: string, now: number): void {
    const row = this.#rows.get(name)
    if (row !== undefined) row.next = row.timing && nextDue(row.timing, now, row.first)
  }

  /** When an entry is due next. Undefined: never. */
  next(name: string): number | undefined {
    return this.#rows.get(name)?.next
  }
}

function rowOf(entry: TimedEntry, known: Row | undefined, now: number): Row {
  const { timing, text } = entry
  if (timing === undefined) {
    const isKnown = known?.timing === undefined && known?.text === text
    return { ...entry, first: now, next: isKnown ? known.next : now }
  }
  if (known !== undefined && JSON.stringify(known.timing) === JSON.stringify(timing))
    return { ...entry, first: known.first, next: known.next }
  return { ...entry, first: now, next: nextDue(timing, now - 1, now) }
}
