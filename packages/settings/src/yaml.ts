import { LineCounter, parseDocument } from 'yaml'
import type { Parsed } from './file.js'

/** Parses YAML, which includes JSON. Messages of syntax errors are dropped: they quote the text, which may contain secrets. */
export function parseText(text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error', lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) return { brokenAt: lines.linePos(error.pos[0]).line }
  try {
    return { document: document.toJS() ?? {} }
  } catch (unresolved) {
    // An alias without an anchor, or more aliases than the limit of the library.
    if (unresolved instanceof ReferenceError) return { brokenAt: undefined }
    throw unresolved
  }
}
