import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import type { Entry, MapNode, Node, Parsed, Position } from './node.js'

/** Parses TOML. Messages never quote the text, which may contain secrets: those of the parser name single characters. */
export function parseText(text: string): Parsed {
  try {
    return { root: read(parseTOML(text)) }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    const { lineNumber: line, column, message } = error
    return { mistakes: [{ line, column: column + 1, message: `this is not valid TOML (${message})` }] }
  }
}

/** A map that is being filled: tables name their parents in any order. */
interface OpenMap extends MapNode {
  readonly entries: Entry[]
}

interface OpenList {
  readonly kind: 'list'
  readonly at: Position
  readonly items: OpenMap[]
}

function read(program: AST.TOMLProgram): Node {
  const root = openMap({ line: 1, column: 1 })
  for (const part of program.body[0].body) {
    if (part.type === 'TOMLKeyValue') put(root, part)
    else {
      const table = tableAt(root, part)
      for (const pair of part.body) put(table, pair)
    }
  }
  return root
}

function openMap(at: Position): OpenMap {
  return { kind: 'map', at, entries: [] }
}

function tableAt(root: OpenMap, { resolvedKey, key }: AST.TOMLTable): OpenMap {
  const places = key.keys.map(start)
  let names = 0
  let at = places[0] ?? root.at
  let node: OpenMap | OpenList = root
  for (const [index, part] of resolvedKey.entries()) {
    if (typeof part === 'string') at = places[names++] ?? at
    const isList = typeof resolvedKey[index + 1] === 'number'
    node = node.kind === 'list' ? itemOf(node, Number(part), at) : partAt(node, String(part), at, isList)
  }
  return node as OpenMap
}

function itemOf(list: OpenList, index: number, at: Position): OpenMap {
  const found = list.items[index]
  if (found !== undefined) return found
  const item = openMap(at)
  list.items.push(item)
  return item
}

function partAt(map: OpenMap, key: string, at: Position, isList: boolean): OpenMap | OpenList {
  const found = map.entries.find((entry) => entry.key === key)
  // The parser has refused tables below other values, and tables that are defined twice.
  if (found !== undefined) return found.value as OpenMap | OpenList
  const value: OpenMap | OpenList = isList ? { kind: 'list', at, items: [] } : openMap(at)
  map.entries.push({ key, at, value })
  return value
}

function put(map: OpenMap, { key, value }: AST.TOMLKeyValue): void {
  let inner = map
  for (const part of key.keys.slice(0, -1)) inner = partAt(inner, nameOf(part), start(part), false) as OpenMap
  const last = key.keys.at(-1)
  if (last !== undefined) inner.entries.push({ key: nameOf(last), at: start(last), value: content(value) })
}

function content(source: AST.TOMLContentNode): Node {
  const at = start(source)
  if (source.type === 'TOMLArray') return { kind: 'list', at, items: source.elements.map(content) }
  if (source.type === 'TOMLInlineTable') {
    const map = openMap(at)
    for (const pair of source.body) put(map, pair)
    return map
  }
  const isString = source.kind === 'string'
  const isBoolean = source.kind === 'boolean'
  const text =
    'number' in source ? source.number : 'datetime' in source ? source.datetime : String(source.value)
  const value = isBoolean ? source.value : text
  return { kind: 'scalar', at, value, text, isNumber: !isString && !isBoolean }
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}

function start({ loc }: AST.TOMLNode): Position {
  return { line: loc.start.line, column: loc.start.column + 1 }
}
