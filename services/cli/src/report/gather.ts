/** Bytes that are written at once. */
const writtenAtOnce = 64 * 1024

/** Lines on their way to a file. */
export interface Lines {
  /** Writes the lines so far when they are many. */
  add(line: string): Promise<void>
  /** Writes the rest. */
  end(): Promise<void>
}

/** Writes many lines at once: one system call for each line of a long report takes longer than all other work on it. */
export function gatherLines(write: (text: string) => Promise<void>): Lines {
  let text = ''
  const end = async () => {
    const lines = text
    text = ''
    if (lines !== '') await write(lines)
  }
  return {
    add: async (line) => {
      text += line
      if (text.length >= writtenAtOnce) await end()
    },
    end,
  }
}
