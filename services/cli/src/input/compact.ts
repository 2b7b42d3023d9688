/**
 * The same text of ASCII characters, in memory of its own: a text that was cut out of another one keeps all of that, and one
 * that was joined keeps its parts.
 */
export function compact(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
