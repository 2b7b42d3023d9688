import { parse, TomlError } from 'smol-toml'
import type { Parsed } from './file.js'

/** Parses TOML. The message of a syntax error is dropped: it quotes the text, which may contain secrets. */
export function parseText(text: string): Parsed {
  try {
    return { document: parse(text) }
  } catch (error) {
    if (error instanceof TomlError) return { brokenAt: error.line }
    throw error
  }
}
