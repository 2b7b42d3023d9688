import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { loader } from './program.js'
import { type Ended, Workspace } from './workspace.js'

const lines = fileURLToPath(new URL('lines-program.mjs', import.meta.url))

/** Runs a command line. */
export type RunLine = (args: readonly string[]) => Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>>

/**
 * The built command in one process for all command lines of the file, in a workspace of its own: for tables with many lines, of
 * which each start of the command would take longer than what it shows. The lines run one after the other.
 */
export function useLines(): { readonly workspace: Workspace; readonly run: RunLine } {
  const workspace = new Workspace()
  let child: ChildProcess | undefined
  beforeAll(() => {
    child = fork(lines, [loader()], { cwd: workspace.root, env: workspace.env, execArgv: [], silent: true })
  })
  afterAll(() => {
    child?.kill('SIGKILL')
    workspace.remove()
  })
  let last: Promise<unknown> = Promise.resolve()
  const run: RunLine = (args) => {
    const ended = last.then(() => runNext(args))
    last = ended.catch(() => {})
    return ended
  }
  const runNext: RunLine = async (args) => {
    if (child === undefined) throw new Error('outside of a test')
    child.send(args)
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the process ended')))
    ended.catch(() => {})
    const [answer] = await Promise.race([once(child, 'message'), ended])
    return answer
  }
  return { workspace, run }
}
