import { serviceMain } from '@dist/service'
import { runDashboard } from './run.js'

/** The program: flags from the arguments, settings from the environment, the log to stdout, and the exit code. */
export async function main(): Promise<void> {
  await serviceMain('dashboard', process, runDashboard)
}
