import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  stringify,
  type YAMLMap,
} from 'yaml'
import type { Entry, MapNode, Mistake, Node, Parsed, Position } from './node.js'

export interface YamlOptions {
  /**
   * `key-wins`: a key beside `<<` replaces the merged one, as YAML specifies. `last-wins`: the later of both, and of equal
   * keys, replaces the earlier one. Default: `key-wins`, where equal keys are a mistake.
   */
  merge?: 'key-wins' | 'last-wins' | undefined
}

const maxDepth = 100

/** Parses YAML, which includes JSON. Messages never quote the text, which may contain secrets. */
export function parseText(text: string, { merge = 'key-wins' }: YamlOptions = {}): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
    merge: true,
    uniqueKeys: merge === 'key-wins',
  })
  const reader = new Reader(lines, merge)
  const { errors } = document
  if (errors.length > 0)
    return { mistakes: errors.map(({ code, pos }) => ({ ...reader.place(pos[0]), message: saying(code) })) }
  return reader.read(document)
}

const sayings: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'this is not an alias: an alias is *name',
  BAD_DQ_ESCAPE: 'this escape is unknown in a text in double quotes: use single quotes',
  BAD_INDENT: 'the indentation does not fit to the lines above',
  BAD_SCALAR_START: 'a plain text must not begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a key and its value are expected on one line: is a quote missing?',
  DUPLICATE_KEY: 'this key stands twice in one map: keep one of them',
  MISSING_CHAR: 'a closing quote, a bracket, a comma or a colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line: is a colon missing?',
  MULTIPLE_DOCS: 'one document is expected in a file',
  TAB_AS_INDENT: 'lines are indented with spaces, not with tabs',
}

function saying(code: string): string {
  return sayings[code] ?? 'this is not valid YAML'
}

/** Builds the nodes of a document, each once. */
class Reader {
  readonly #lines: LineCounter
  readonly #merge: 'key-wins' | 'last-wins'
  readonly #anchors = new Map<string, Node>()
  readonly #mistakes: Mistake[] = []

  constructor(lines: LineCounter, merge: 'key-wins' | 'last-wins') {
    this.#lines = lines
    this.#merge = merge
  }

  place(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  read(document: Document.Parsed): Parsed {
    const root = this.#node(document.contents, { line: 1, column: 1 }, 0)
    return this.#mistakes.length > 0 ? { mistakes: this.#mistakes } : { root }
  }

  #node(source: unknown, around: Position, depth: number): Node {
    const at = this.#at(source, around)
    if (depth > maxDepth) return this.#mistake(at, `values are nested deeper than ${maxDepth} levels`)
    if (isAlias(source)) {
      // An anchor is known only when its node ends: an alias inside of it is refused, too.
      return (
        this.#anchors.get(source.source) ?? this.#mistake(at, 'no anchor above has the name of this alias')
      )
    }
    const node = this.#content(source, at, depth)
    const anchor = (source as { anchor?: string | undefined } | null)?.anchor
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    return node
  }

  #content(source: unknown, at: Position, depth: number): Node {
    if (isMap(source)) return this.#map(source, at, depth)
    if (isSeq(source))
      return { kind: 'list', at, items: source.items.map((item) => this.#node(item, at, depth + 1)) }
    return isScalar(source)
      ? scalar(source, at)
      : { kind: 'scalar', at, value: null, text: '', isNumber: false }
  }

  #map(source: YAMLMap<unknown, unknown>, at: Position, depth: number): MapNode {
    const own = new Map<string, Entry>()
    const merged = new Map<string, Entry>()
    for (const pair of source.items) {
      const entry = this.#entry(pair, at, depth)
      if (entry === undefined) continue
      if (!isMergeKey(pair)) own.set(entry.key, entry)
      else {
        const target = this.#merge === 'last-wins' ? own : merged
        for (const each of this.#merging(entry)) target.set(each.key, each)
      }
    }
    return { kind: 'map', at, entries: [...new Map([...merged, ...own]).values()] }
  }

  /** The entries that `<<` brings. Of several maps the first with a key wins. */
  #merging({ value, at }: Entry): readonly Entry[] {
    const maps = value.kind === 'list' ? [...value.items].reverse() : [value]
    return maps.flatMap((map) => {
      if (map.kind === 'map') return map.entries
      this.#mistake(at, '<< takes a map, or a list of maps')
      return []
    })
  }

  #entry({ key, value }: Pair<unknown, unknown>, around: Position, depth: number): Entry | undefined {
    const at = this.#at(key, around)
    const name = this.#node(key, around, depth + 1)
    const content = this.#node(value, at, depth + 1)
    if (name.kind === 'scalar') return { key: name.text, at, value: content }
    this.#mistake(at, 'a text is expected as key')
    return undefined
  }

  #at(source: unknown, around: Position): Position {
    const range = (source as { range?: readonly number[] | null } | null)?.range
    return range?.[0] === undefined ? around : this.place(range[0])
  }

  /** Notes a mistake, and stands in for the node. */
  #mistake(at: Position, message: string): Node {
    this.#mistakes.push({ ...at, message })
    return { kind: 'scalar', at, value: null, text: '', isNumber: false }
  }
}

function scalar({ value, source, type }: Scalar, at: Position): Node {
  const isPlain = type === 'PLAIN'
  // The source of a plain scalar of several lines is folded already.
  const text = isPlain && source !== undefined ? source : String(value)
  const isSpecial = isPlain && (typeof value === 'boolean' || value === null)
  const isNumber = isPlain && (typeof value === 'number' || typeof value === 'bigint')
  return { kind: 'scalar', at, value: isSpecial ? value : text, text, isNumber }
}

function isMergeKey({ key }: Pair<unknown, unknown>): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

/** Plain data as YAML. Texts that would be read as something else are in quotes. */
export function writeText(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}
