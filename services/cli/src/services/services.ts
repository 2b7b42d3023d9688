import type { Define } from '../context.js'
import { serve, serviceCommand, withMirror } from './service.js'

const coordinatorExamples = `
A coordinator resolves references, walks manifests and publishes names; dist worker fetches the blobs. Any number of both can
share a queue. Logs are JSON on stdout. On SIGTERM it hands its jobs back to the queue and ends.

Examples:
  $ dist coordinator --store /srv/images
  $ dist coordinator --queue redis://10.0.0.5:6379 --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const coordinatorCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('coordinator'))
    .option('--listen <host:port>', 'the address of health and metrics (default: 127.0.0.1:9464)')
    .option(
      '--concurrency <n>',
      'images of one registry that are planned at the same time; of all registries four times as many (default: 16)',
    )
    .addHelpText('after', coordinatorExamples)
    .action(async (flags) => {
      const { runCoordinator } = await import('@dist/coordinator')
      onExit(await serve('coordinator', context, (service) => runCoordinator(flags, service)))
    })

const workerExamples = `
A worker fetches blobs, verifies them and writes them into the store. Any number of workers can share a queue, on any number
of machines. Logs are JSON on stdout. On SIGTERM it hands its jobs back to the queue and ends.

Examples:
  $ dist worker --store /srv/images
  $ dist worker --concurrency 32 --memory 512MiB --queue redis://10.0.0.5:6379 \\
      --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const workerCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('worker'))
    .option('--listen <host:port>', 'the address of health and metrics (default: 127.0.0.1:9465)')
    .option(
      '--concurrency <n>',
      'blobs of one registry that are fetched at the same time; of all registries four times as many (default: four for each processor)',
    )
    .option('--memory <size>', 'memory for blobs in transfer (default: 256MiB)')
    .option('--name <name>', 'name of the worker in dist active (default: host name and process id)')
    .addHelpText('after', workerExamples)
    .action(async (flags) => {
      const { runWorker } = await import('@dist/worker')
      onExit(await serve('worker', context, (service) => runWorker(flags, service)))
    })

const dashboardExamples = `
Without credentials the page is read-only and listens on loopback only. The password is DIST_DASHBOARD_PASSWORD, or in the
file of DIST_DASHBOARD_PASSWORD_FILE.

Examples:
  $ dist dashboard
  $ DIST_DASHBOARD_PASSWORD_FILE=password dist dashboard --user ops --listen 0.0.0.0:8080`

export const dashboardCommand: Define = (context, onExit) =>
  serviceCommand('dashboard')
    .option('--listen <host:port>', 'the address of the page (default: 127.0.0.1:8080)')
    .option(
      '--health-listen <host:port>',
      'address of /healthz, /readyz and /metrics (default: 127.0.0.1:9466, or a free port)',
    )
    .option('--user <name>', 'the user that may sign in')
    .addHelpText('after', dashboardExamples)
    .action(async (flags) => {
      const { runDashboard } = await import('@dist/dashboard')
      onExit(await serve('dashboard', context, (service) => runDashboard(flags, service)))
    })
