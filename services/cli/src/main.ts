import { setFlagsFromString } from 'node:v8'
import { fileError } from './errors/describe.js'
import { run } from './run.js'

/** The `dist` command: reads the process's arguments and environment, and sets its exit code. */
export async function main(): Promise<void> {
  // Before anything uses libuv's threads: small blobs are many files at a time, each waiting for the disk.
  process.env.UV_THREADPOOL_SIZE ??= '8'
  // The AWS SDK prints a notice on Node 20 otherwise.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  // undici's HTTP parser is WebAssembly. V8 would optimise it after a few responses, for each thread anew, which takes
  // longer than most commands and gains next to nothing: bodies pass it in large pieces.
  setFlagsFromString('--wasm-tiering-budget=2000000000')
  endWhenUnwritable(process.stdout, 'stdout')
  endWhenUnwritable(process.stderr, 'stderr')
  // Should the event loop ever run empty before the command is through, that is no success.
  process.exitCode = 1
  const interrupt = interruptible()
  process.exitCode = await run(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
  })
  interrupt.end()
}

/** `dist list | head -1` ends quietly: whoever reads has seen enough. A full disk is an error, and said where it can be. */
function endWhenUnwritable(stream: NodeJS.WriteStream, name: string): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    if (name !== 'stderr') process.stderr.write(`dist: ${fileError(name, 'written', error).message}\n`)
    process.exit(1)
  })
}

/** Aborts on SIGINT and SIGTERM, so that writes under way are closed and can be resumed; a second one kills. */
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
