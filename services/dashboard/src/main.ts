import { serviceMain } from '@dist/service'
import { runDashboard } from './run.js'

/** The program of the service. `infra/bundling/options.mjs` names this file. */
export async function main(): Promise<void> {
  await serviceMain('dashboard', process, runDashboard)
}
