import { sanitize } from '@dist/errdefs'

/** Called for a member of the wrong type, with `config: User` and `is not a string`. */
export type OnOdd = (where: string, what: string, member: string) => void

/**
 * The members of a JSON object, read with their expected types. A missing or null member is undefined, and so is one of
 * the wrong type, unless `onOdd` throws.
 */
export class Members {
  constructor(
    private readonly members: Readonly<Record<string, unknown>>,
    private readonly name: string,
    private readonly onOdd: OnOdd,
  ) {}

  where(member: string): string {
    return `${this.name}: ${member}`
  }

  string(member: string): string | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    return this.#text(value, this.where(member), member)
  }

  /** A list of strings. Null items and items of other types are dropped. */
  strings(member: string): string[] | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) return this.#odd(this.where(member), 'is not a list', member)
    return value.flatMap((item: unknown, i) => {
      const text = item === null ? undefined : this.#text(item, this.where(`${member}[${i}]`), member)
      return text === undefined ? [] : [text]
    })
  }

  /** A list as in `strings`; a plain string is a list of one. */
  stringOrStrings(member: string): string[] | undefined {
    const value = this.#get(member)
    if (typeof value !== 'string') return this.strings(member)
    const text = this.#text(value, this.where(member), member)
    return text === undefined ? undefined : [text]
  }

  object(member: string): Members | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    if (!isObject(value)) return this.#odd(this.where(member), 'is not an object', member)
    return new Members(value, this.where(member), this.onOdd)
  }

  /** A map of strings. A null value is an empty string, as in Go. */
  stringMap(member: string): Record<string, string> | undefined {
    const map = this.object(member)
    if (map === undefined) return undefined
    const texts = Object.entries(map.members).flatMap(([name, value]): [string, string][] => {
      const where = `${this.where(member)}: ${sanitize(name, 60)}`
      const [key, text] = [this.#text(name, where, member), this.#text(value ?? '', where, member)]
      return key === undefined || text === undefined ? [] : [[key, text]]
    })
    return Object.fromEntries(texts)
  }

  /** The keys of an object, which is a set in Go. */
  keys(member: string): string[] | undefined {
    const map = this.object(member)
    const names = map && Object.keys(map.members)
    return names?.filter((name) => this.#text(name, this.where(member), member) !== undefined)
  }

  #text(value: unknown, where: string, member: string): string | undefined {
    if (typeof value !== 'string') return this.#odd(where, 'is not a string', member)
    // System calls end a string at a NUL.
    return value.includes('\0') ? this.#odd(where, 'contains a NUL', member) : value
  }

  #odd(where: string, what: string, member: string): undefined {
    this.onOdd(where, what, member)
    return undefined
  }

  #get(member: string): unknown {
    return Object.hasOwn(this.members, member) ? (this.members[member] ?? undefined) : undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
