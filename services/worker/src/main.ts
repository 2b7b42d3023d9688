import { serviceMain } from '@dist/service'
import { runWorker, type WorkerOptions } from './run.js'

/** The program: flags from the arguments, settings from the environment, the log to stdout, and the exit code. */
export async function main(options: WorkerOptions = {}): Promise<void> {
  await serviceMain('worker', process, (flags, context) => runWorker(flags, context, options))
}
