import { serviceMain } from '@dist/service'
import { runWorker, type WorkerOptions } from './run.js'

/** The program of the service. `infra/bundling/options.mjs` names this file. */
export async function main(options: WorkerOptions = {}): Promise<void> {
  await serviceMain('worker', process, (flags, context) => runWorker(flags, context, options))
}
