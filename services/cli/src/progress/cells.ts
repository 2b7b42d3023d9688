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
