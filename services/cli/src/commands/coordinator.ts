import type { Define } from './index.js'
import { serve, serviceCommand, withMirror } from './service.js'

const examples = `
A coordinator resolves references, walks manifests and publishes names; dist worker fetches the blobs. Any number of
each may share a queue. Logs are JSON on stdout. SIGTERM ends it in order: what is under way is handed back.

Examples:
  $ dist coordinator --store /srv/images
  $ dist coordinator --queue redis://10.0.0.5:6379 --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const coordinatorCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('coordinator'))
    .description('run a coordinator: plans and publishes the images of a queue')
    .option('--listen <host:port>', 'where health and metrics are served (default: 127.0.0.1:9464)')
    .option(
      '--concurrency <n>',
      'images of one registry that are planned at the same time; of all, four times as many (default: 16)',
    )
    .addHelpText('after', examples)
    .action(async (flags) => {
      const { runCoordinator } = await import('@dist/coordinator')
      onExit(await serve('coordinator', context, (service) => runCoordinator(flags, service)))
    })
