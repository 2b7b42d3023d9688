import { styleText } from 'node:util'
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

/** A part of a line, with its colour. */
export interface Cell {
  readonly text: string
  /** Default: no colour. */
  readonly paint?: ((text: string) => string) | undefined
}

/** The cells side by side, cut to so many columns. Colours take no columns. */
export function lineOf(cells: readonly Cell[], room: number): string {
  let left = room
  let line = ''
  for (const { text, paint } of cells) {
    const shown = clip(text, left)
    left -= textWidth(shown)
    if (shown !== '') line += paint === undefined ? shown : paint(shown)
  }
  return line
}

export interface Colors {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  cyan(text: string): string
}

type Style = Parameters<typeof styleText>[0]

/** Colours. Plain text if they are not wanted (`NO_COLOR`). */
export function createColors(wanted: boolean): Colors {
  const paint = (style: Style) => (text: string) =>
    wanted ? styleText(style, text, { validateStream: false }) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    cyan: paint('cyan'),
  }
}
