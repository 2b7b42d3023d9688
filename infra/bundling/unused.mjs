import { join } from 'node:path'

/** What libraries load at each start and never use here: the file or module, and the end of the path of who loads it. */
const unused = [
  // Registries are asked with HTTP/1.1. With this file Node's `http2` is loaded.
  { what: /^\.\/client-h2\.js$/, by: join('undici', 'lib', 'dispatcher', 'client.js') },
  // Bodies are bytes, never forms.
  { what: /web\/fetch\/body\.js$/, by: join('undici', 'lib', 'dispatcher', 'client-h1.js') },
  // Subcommands are no programs of their own. With this module Node's `dgram` and `net` are loaded.
  { what: /^node:child_process$/, by: join('commander', 'lib', 'command.js') },
  // Queues are in Redis, and ioredis is their client.
  { what: /^\.\/postgres$/, by: join('bullmq', 'dist', 'cjs', 'index.js') },
  {
    what: /^\.\/(valkey-glide-client|redis-relay-backend|relay|relay-errors)$/,
    by: join('bullmq', 'dist', 'cjs', 'classes', 'index.js'),
  },
  // Times are those of croner, given to each queue and worker as its strategy.
  { what: /^cron-parser$/, by: join('bullmq', 'dist', 'cjs', 'classes', 'job-scheduler.js') },
]

/** Leaves out what is not used. A name of it is undefined. */
export const withoutUnused = {
  name: 'without-unused',
  setup(build) {
    for (const { what, by } of unused)
      build.onResolve({ filter: what }, ({ path, importer }) =>
        importer.endsWith(by) ? { path, namespace: 'unused' } : undefined,
      )
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({
      contents: 'module.exports = {}',
      loader: 'js',
    }))
  },
}
