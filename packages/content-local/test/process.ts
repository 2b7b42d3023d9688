import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '@dist/testkit/servers'

const script = await bundleProgram({ file: fileURLToPath(new URL('child.ts', import.meta.url)) })

export interface Child {
  readonly process: ChildProcess
  /** The first line of its stdout. */
  readonly line: Promise<string>
  /** Resolves to the signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>
}

/** Starts child.ts on a store. */
export function start(root: string, what: string, task: object): Child {
  const args = [script, root, what, JSON.stringify(task)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close').then(([, signal]) => signal as NodeJS.Signals | null)
  const line = new Promise<string>((resolve) => {
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
    child.once('close', () => resolve(text.trim()))
  })
  return { process: child, line, ended }
}
