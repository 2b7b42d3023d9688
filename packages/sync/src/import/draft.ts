import { sanitize } from '@dist/errdefs'
import type { Mistake, Node, Position } from '../document/node.js'
import { entriesOf } from '../entries.js'
import { explain } from '../schema/explain.js'
import { fileSchema } from '../schema/schema.js'

/** What an importer says on a line of the other tool's file. */
export type Remark = Mistake

/** The keys of a mirror, as they are written. Undefined ones are left out. */
export type MirrorKeys = Readonly<Record<string, unknown>> & { readonly from: string }

type Keys = Record<string, unknown>

/** A mirror file that is being written, and the remarks on it. */
export class Draft {
  readonly remarks: Remark[] = []
  readonly #registries = new Map<string, Keys>()
  readonly #mirrors: { readonly keys: MirrorKeys; readonly at: Position }[] = []
  readonly #names = new Set<string>()

  /** Says something on a place, once: parts of a file can be read several times. */
  remark({ line, column }: Position, text: string): void {
    const message = sanitize(text, 500)
    if (
      !this.remarks.some((each) => each.line === line && each.column === column && each.message === message)
    )
      this.remarks.push({ line, column, message })
  }

  /** Sets keys of a registry. */
  registry(host: string, keys: Keys): void {
    const all = { ...this.#registries.get(host), ...defined(keys) }
    if (Object.keys(all).length > 0) this.#registries.set(host, all)
  }

  /** A user, and the file for the password, which is not copied. A user without a password is left out: it has no effect. */
  login(host: string, { username, at }: { username: string | undefined; at: Position | undefined }): void {
    if (at === undefined) return
    const file = `${host.replace(/[^\w.-]+/g, '_')}.password`
    this.registry(host, { username, 'password-file': file })
    this.remark(at, `the password is not copied: put it into the file ${file}, beside the mirror file`)
  }

  /** Adds a mirror. One that the format does not allow is left out, with a remark. A second one of a name gets another. */
  add(given: MirrorKeys, at: Position): void {
    const keys = defined(given) as MirrorKeys
    const result = fileSchema.safeParse(withValues({ version: 1, mirrors: [keys] }))
    if (!result.success) {
      const [first] = explain({ kind: 'map', at, entries: [] }, result.error)
      this.remark(at, `left out: ${first?.message.replace(/^mirrors\[0\]\.?/, '')}`)
      return
    }
    const base = String(keys.name ?? keys.from)
    let name = base
    for (let number = 2; this.#names.has(name); number++) name = `${base} (${number})`
    this.#names.add(name)
    const needsName = name !== keys.from || keys.schedule !== undefined || keys.every !== undefined
    this.#mirrors.push({ keys: needsName ? named(name, keys) : keys, at })
  }

  /** Ends: the file as plain data. Two sources of one name get a remark. */
  file(): Readonly<Record<string, unknown>> {
    const mirrors = this.#mirrors.map(({ keys }) => keys)
    const registries = this.#registries.size === 0 ? undefined : Object.fromEntries(this.#registries)
    // No tool copies referrers unless it is told to.
    const file = defined({ version: 1, registries, defaults: { referrers: false }, mirrors })
    const result = fileSchema.safeParse(withValues(file))
    if (result.success)
      for (const mistake of entriesOf(result.data, this.#places()).mistakes)
        this.remark(mistake, mistake.message)
    else for (const { message } of result.error.issues) this.remark({ line: 1, column: 1 }, message)
    this.remarks.sort((a, b) => a.line - b.line || a.column - b.column)
    return file
  }

  /** A document in which each mirror stands where it comes from. */
  #places(): Node {
    const at = { line: 1, column: 1 }
    const items = this.#mirrors.map(({ at: place }): Node => ({ kind: 'map', at: place, entries: [] }))
    return { kind: 'map', at, entries: [{ key: 'mirrors', at, value: { kind: 'list', at, items } }] }
  }
}

function defined(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined))
}

/** The file as it is checked: with a value for each variable. */
function withValues(file: object): unknown {
  return JSON.parse(JSON.stringify(file).replace(/\$\{\w+\}/g, 'value'))
}

/** With the name in front. */
function named(name: string, { name: _, ...keys }: MirrorKeys): MirrorKeys {
  return { name, ...keys } as MirrorKeys
}
