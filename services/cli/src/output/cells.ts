import { styleText } from 'node:util'
import { clip, textWidth } from './width.js'

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
