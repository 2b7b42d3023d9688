import type { Define } from './index.js'
import { serve, serviceCommand, withMirror } from './service.js'

const examples = `
A worker fetches blobs, verifies them and puts them into the store. Any number of them may share a queue, on any number
of machines. Logs are JSON on stdout. SIGTERM ends it in order: what is under way is handed back.

Examples:
  $ dist worker --store /srv/images
  $ dist worker --concurrency 32 --memory 512MiB --queue redis://10.0.0.5:6379 \\
      --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const workerCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('worker'))
    .description('run a worker: fetches the blobs of a queue')
    .option('--listen <host:port>', 'where health and metrics are served (default: 127.0.0.1:9465)')
    .option(
      '--concurrency <n>',
      'blobs of one registry that are fetched at the same time; of all, four times as many (default: four for each processor)',
    )
    .option('--memory <size>', 'bytes of blobs that are held on their way (default: 256MiB)')
    .option('--name <name>', 'what dist active calls it (default: host name and process id)')
    .addHelpText('after', examples)
    .action(async (flags) => {
      const { runWorker } = await import('@dist/worker')
      onExit(await serve('worker', context, (service) => runWorker(flags, service)))
    })
