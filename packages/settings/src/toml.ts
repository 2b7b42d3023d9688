import { parse, TomlError } from 'smol-toml'
import type { Parsed } from './file.js'

/** Reads TOML. Only what is wrong with the text counts as broken; its message quotes the text and is not passed on. */
export function parseText(text: string): Parsed {
  try {
    return { document: parse(text) }
  } catch (error) {
    if (error instanceof TomlError) return { brokenAt: error.line }
    throw error
  }
}
