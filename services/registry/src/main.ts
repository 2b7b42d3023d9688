import { serviceMain } from '@dist/service'
import { runRegistry } from './run.js'

/** The program of the service. `infra/bundling/options.mjs` names this file. */
export async function main(): Promise<void> {
  await serviceMain('registry', process, runRegistry)
}
