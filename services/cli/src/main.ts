import { fileError } from './errors/errors.js'
import { run } from './run.js'

/** The `dist` command: reads the process's arguments and environment, and sets its exit code. */
export async function main(): Promise<void> {
  // Must be set before libuv's threads are used. Small blobs are many simultaneous file operations.
  process.env.UV_THREADPOOL_SIZE ??= '8'
  // Suppresses a notice of the AWS SDK on Node 20.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  endWhenUnwritable(process.stdout, 'stdout')
  endWhenUnwritable(process.stderr, 'stderr')
  // An event loop that runs empty before the command ends is a failure.
  process.exitCode = 1
  const interrupt = interruptible()
  process.exitCode = await run(process.argv.slice(2), {
    env: process.env,
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
  })
  interrupt.end()
}

/** Ends silently if the reader has closed the pipe (`dist list | head -1`). Other errors, such as a full disk, are reported. */
function endWhenUnwritable(stream: NodeJS.WriteStream, name: string): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    if (name !== 'stderr') process.stderr.write(`dist: ${fileError(name, 'written', error).message}\n`)
    process.exit(1)
  })
}

/** Aborts on SIGINT and SIGTERM, so that writes are closed and can be resumed. A second signal ends the process. */
function interruptible() {
  const controller = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    controller.abort(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    end: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
