/** The contents of a terminal, including scrolled-off lines. Supports the sequences that progress output uses. */
export class Screen {
  readonly #rows: string[] = ['']
  #row = 0
  #column = 0
  /** Whether the cursor is visible. */
  cursor = true

  constructor(readonly columns: number) {}

  /** The lines, without trailing blanks and empty lines. */
  get lines(): string[] {
    const lines = this.#rows.map((row) => row.trimEnd())
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  write(text: string): this {
    const [start = '', ...sequences] = text.split('\x1b[')
    this.#print(start)
    for (const sequence of sequences) {
      const [whole, argument = '', letter = ''] = /^([?\d;]*)([A-Za-z])/.exec(sequence) ?? []
      if (whole === undefined) throw new Error(`unknown sequence ${JSON.stringify(sequence.slice(0, 10))}`)
      this.#control(letter, argument)
      this.#print(sequence.slice(whole.length))
    }
    return this
  }

  #control(letter: string, argument: string): void {
    const row = this.#rows[this.#row] ?? ''
    if (letter === 'A') this.#row = Math.max(0, this.#row - Number(argument || 1))
    else if (letter === 'K') this.#rows[this.#row] = row.slice(0, this.#column)
    else if (letter === 'J') {
      this.#rows[this.#row] = row.slice(0, this.#column)
      this.#rows.length = this.#row + 1
    } else if (argument === '?25') this.cursor = letter === 'h'
    else if (letter !== 'm') throw new Error(`unknown sequence ${argument}${letter}`)
  }

  #print(text: string): void {
    for (const character of text) {
      if (character === '\r') this.#column = 0
      else if (character === '\n') this.#newLine()
      else this.#put(character)
    }
  }

  #newLine(): void {
    this.#column = 0
    this.#row++
    if (this.#row === this.#rows.length) this.#rows.push('')
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#newLine()
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column)
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1)
    this.#column++
  }
}
