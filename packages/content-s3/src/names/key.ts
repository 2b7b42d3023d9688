import { createHash } from 'node:crypto'

/** Bytes that a file name may have on servers that keep objects as files, less their own endings. */
const longest = 200
const kept = 120

/**
 * The last part of the key of a name. Two names never share one: what is not plain is spelled as "!" and hex, and the
 * rest of what is too long is replaced by "!!" and a hash. No slashes: on servers that keep objects as files the
 * name `a` would be in the way of `a/b`.
 */
export function nameKey(name: string): string {
  const plain = Buffer.from(name)
    .toString('latin1')
    .replace(/[^A-Za-z0-9._-]|^\./g, escapeByte)
  if (plain.length <= longest) return plain
  return `${plain.slice(0, kept)}!!${createHash('sha256').update(name).digest('hex')}`
}

function escapeByte(byte: string): string {
  return `!${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}
