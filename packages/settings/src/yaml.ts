import { LineCounter, parseDocument } from 'yaml'
import type { Parsed } from './file.js'

/** Reads YAML, and so JSON. What its errors say may quote the text, and is not passed on. */
export function parseText(text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) return { brokenAt: lines.linePos(error.pos[0]).line }
  try {
    return { document: document.toJS() ?? {} }
  } catch (unresolved) {
    // An alias of nothing, or so many that they would fill the memory.
    if (unresolved instanceof ReferenceError) return { brokenAt: undefined }
    throw unresolved
  }
}
