import { serviceMain } from '@dist/service'
import { type CoordinatorOptions, runCoordinator } from './run.js'

/** The program: flags from the arguments, settings from the environment, the log to stdout, and the exit code. */
export async function main(options: CoordinatorOptions = {}): Promise<void> {
  await serviceMain('coordinator', process, (flags, context) => runCoordinator(flags, context, options))
}
