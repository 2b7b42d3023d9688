import { fileURLToPath } from 'node:url'
import { pagePaths } from '@dist/page'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { contentPolicy } from './policy.js'

/** The folder of the page's files, next to the bundle. */
const root = fileURLToPath(new URL('./page', import.meta.url))

/** Texts of registries never become markup: the page has no inline styles, and the browser refuses to parse texts. */
const policy = contentPolicy("style-src 'self'", "require-trusted-types-for 'script'")

/** Serves the page: one document for all its places, and files that browsers keep, because their names change with them. It has the form to sign in. */
export async function mountPage(server: FastifyInstance): Promise<void> {
  server.addHook('onRoute', (route) => {
    route.config = { ...route.config, open: 'page' }
  })
  server.register(files, { root, prefix: '/page/', index: false, immutable: true, maxAge: '365d' })
  for (const path of pagePaths)
    server.get(path, (_, reply) =>
      reply
        .headers({ 'content-security-policy': policy, 'cache-control': 'no-cache' })
        .sendFile('index.html', { cacheControl: false }),
    )
}
