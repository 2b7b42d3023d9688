/**
 * Breaks the paragraphs of a text at so many columns. Blocks with indented lines, such as options and examples, are not
 * changed.
 */
export function reflow(text: string, columns: number): string {
  const blocks = text.split('\n\n')
  return blocks.map((block) => (/\n +\S/.test(block) ? block : paragraph(block, columns))).join('\n\n')
}

function paragraph(block: string, columns: number): string {
  const words = block.trim()
  const [before = '', after = ''] = words === '' ? [block] : block.split(words)
  const lines: string[] = []
  for (const word of words.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return before + lines.join('\n') + after
}
