import { styleText } from 'node:util'

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
