import { createInterface } from 'node:readline/promises'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { Context } from '../context.js'
import { readStdin } from '../input/stdin.js'

/** Reads a password from stdin, without the line's end. Throws `INVALID_ARGUMENT` for an empty one. */
export async function readPassword(context: Context): Promise<string> {
  const password = (await readStdin(context)).replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new DistError('INVALID_ARGUMENT', 'the password on stdin is empty')
}

/** Asks for the user's name on the terminal. */
export async function askUsername({ stdin, stderr, signal }: Context): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return (await lines.question('Username: ', { signal })).trim()
  } finally {
    lines.close()
  }
}

const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: ['\x7f', '\b'], enter: ['\r', '\n'] }

/** Asks for the password on the terminal, without echo. Ctrl-C interrupts as everywhere else. */
export async function askPassword({ stdin, stderr, signal }: Context): Promise<string> {
  throwIfAborted(signal)
  stderr.write('Password: ')
  stdin.setRawMode(true)
  try {
    return await typedLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function typedLine(stdin: Context['stdin']): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const settle = (end: () => void) => {
      stdin.off('data', onData)
      end()
    }
    const onData = (chunk: Buffer | string) => {
      for (const key of String(chunk)) {
        if (keys.enter.includes(key) || key === keys.endOfInput) return settle(() => resolve(typed))
        if (key === keys.interrupt) {
          // In raw mode the terminal sends no signal.
          process.kill(process.pid, 'SIGINT')
          return settle(() => reject(new DistError('CANCELED', 'interrupted')))
        }
        typed = keys.backspace.includes(key) ? [...typed].slice(0, -1).join('') : typed + key
      }
    }
    stdin.on('data', onData)
    stdin.resume()
  })
}
