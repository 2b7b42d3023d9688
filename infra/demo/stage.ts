import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The temporary folder of a demo, and everything that has to be stopped at its end. */
export interface Stage {
  /** Removed in the end. */
  readonly folder: string
  /** Aborts on Ctrl-C and its like. */
  readonly signal: AbortSignal
  /** Called in the end, the last one first. */
  onEnd(stop: () => Promise<void>): void
}

const exitStatus = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Runs a show and leaves nothing of it behind, however it ends. The exit status is 0 when it resolves to true, 1 when
 * something did not hold or failed, and that of the signal when it was interrupted.
 */
export async function perform(show: (stage: Stage) => Promise<boolean>): Promise<void> {
  const signal = interruption()
  const endings: (() => Promise<void>)[] = []
  try {
    const folder = await mkdtemp(join(tmpdir(), 'dist-demo-'))
    endings.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    const held = await show({ folder, signal, onEnd: (stop) => endings.push(stop) })
    process.exitCode ||= held ? 0 : 1
  } catch (error) {
    // An interruption makes other calls fail: their errors are not shown.
    if (!signal.aborted) console.error(`\ndemo: ${(error as Error).message}`)
    process.exitCode ||= 1
  } finally {
    for (const end of endings.reverse()) await end().catch(complain)
    if (signal.aborted) console.error('\ndemo: interrupted, nothing of it runs any longer')
  }
}

function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const [name, status] of Object.entries(exitStatus)) {
    process.on(name, () => {
      process.exitCode = status
      controller.abort(new Error('interrupted'))
    })
  }
  return controller.signal
}

// One that does not end must not keep the others from it.
function complain(error: Error): void {
  console.error(`demo: ${error.message}`)
  process.exitCode ||= 1
}
