import { styleText } from 'node:util'
/** A part of a line, in its own colour. */
export interface Cell {
  readonly text: string
  /** Default: as it is. */
  readonly paint?: ((text: string) => string) | undefined
}

/** The cells side by side, cut off at so many characters; colours count for none. */
export function lineOf(cells: readonly Cell[], room: number): string {
  let left = room
  let line = ''
  for (const { text, paint } of cells) {
    const shown = clip(text, left)
    left -= shown.length
    if (shown !== '') line += paint === undefined ? shown : paint(shown)
  }
  return line
}

/** At most so many characters; an ellipsis stands for what is left out. */
export function clip(text: string, width: number): string {
  if (text.length <= width) return text
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`
}

export interface Colors {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  cyan(text: string): string
}

type Style = Parameters<typeof styleText>[0]

/** Colours, or the bare text where they are not wanted (NO_COLOR). */
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
