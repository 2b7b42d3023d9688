import { serviceMain } from '@dist/service'
import { type CoordinatorOptions, runCoordinator } from './run.js'

/** The program of the service. `infra/bundling/options.mjs` names this file. */
export async function main(options: CoordinatorOptions = {}): Promise<void> {
  await serviceMain('coordinator', process, (flags, context) => runCoordinator(flags, context, options))
}
