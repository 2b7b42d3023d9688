import type { Define } from './index.js'
import { serve, serviceCommand } from './service.js'

const examples = `
Without credentials everybody who gets there may look, nobody may change anything, and it listens on loopback alone.
The password is DIST_DASHBOARD_PASSWORD, or stands in the file that DIST_DASHBOARD_PASSWORD_FILE names.

Examples:
  $ dist dashboard
  $ DIST_DASHBOARD_PASSWORD_FILE=password dist dashboard --user ops --listen 0.0.0.0:8080`

export const dashboardCommand: Define = (context, onExit) =>
  serviceCommand('dashboard')
    .description('serve a page with the queues: runs, their images, their blobs')
    .option('--listen <host:port>', 'where it is served (default: 127.0.0.1:8080)')
    .option('--user <name>', 'who may sign in')
    .addHelpText('after', examples)
    .action(async (flags) => {
      const { runDashboard } = await import('@dist/dashboard')
      onExit(await serve('dashboard', context, (service) => runDashboard(flags, service)))
    })
