import measure from 'fast-string-truncated-width'

const noLimit = { limit: Number.POSITIVE_INFINITY }
const ellipsis = '…'

/** Columns of a terminal that a text takes: two for East Asian wide characters and emoji, none for colours. */
export function textWidth(text: string): number {
  return measure(text, noLimit).width
}

/** The text, cut at its end to so many columns; an ellipsis replaces the rest. */
export function clip(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  return width < 1 ? '' : `${fitting(charactersOf(text), width - 1).join('')}${ellipsis}`
}

/** The text, filled up with blanks to so many columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** Cuts a name in its middle: its end, the last part of its path with the tag, is more important than its start. */
export function clipName(name: string, width: number): string {
  if (textWidth(name) <= width) return name
  const last = textWidth(name.slice(Math.max(0, name.lastIndexOf('/'))))
  const endWidth = Math.min(width - 1, Math.max(last, Math.ceil((width - 1) * 0.7)))
  const characters = charactersOf(name)
  const end = fitting(characters.toReversed(), endWidth).reverse().join('')
  const start = fitting(characters, width - 1 - textWidth(end)).join('')
  return `${start}${ellipsis}${end}`
}

/** The user-perceived characters: a cut must not separate what a terminal draws as one. */
function charactersOf(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment)
}

/** The first characters that fit in so many columns. */
function fitting(characters: readonly string[], width: number): string[] {
  let left = width
  const taken: string[] = []
  for (const character of characters) {
    left -= textWidth(character)
    if (left < 0) break
    taken.push(character)
  }
  return taken
}
