/** Bytes that are written at once. */
const writtenAtOnce = 64 * 1024

/** Milliseconds that a line waits for others. */
const writtenWithin = 500

/** Lines on their way to a file. */
export interface Lines {
  /** Waits for a write when there are many lines. Throws the error of an earlier write. */
  add(line: string): Promise<void>
  /** Writes the rest. Throws the error of a write, once. */
  end(): Promise<void>
}

/**
 * Writes many lines at once, and each line soon: one system call for each line of a long report takes longer than all other
 * work on it. After a failed write nothing is written.
 */
export function gatherLines(write: (text: string) => Promise<void>, within = writtenWithin): Lines {
  let text = ''
  let timer: NodeJS.Timeout | undefined
  let written = Promise.resolve()
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = text
    text = ''
    if (lines !== '') written = written.then(() => write(lines))
    // It is thrown by the next call.
    written.catch(() => {})
    return written
  }
  return {
    add: async (line) => {
      text += line
      if (text.length >= writtenAtOnce) await flush()
      else timer ??= setTimeout(flush, within)
    },
    end: async () => {
      const last = flush()
      written = Promise.resolve()
      await last
    },
  }
}
