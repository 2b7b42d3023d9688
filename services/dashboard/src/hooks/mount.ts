import { DistError } from '@dist/errdefs'
import type { PushedImage } from '@dist/runs'
import type { Logger } from '@dist/service'
import type { HookSettings, Hooks } from '@dist/settings'
import { readSecret } from '@dist/settings/command'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { visitOf } from '../access/visit.js'
import { pushedImages } from './payload.js'
import { isProven } from './proof.js'

/** The path of hooks, below that of the API. */
export const hooksPath = '/hooks'

/** Bytes of a notification. */
const bodyLimit = 2 ** 20

interface HookParams {
  readonly id: string
  readonly secret?: string
}

/**
 * Receives notifications of registries. A path may end with the secret: it is never logged. `push`: resolves to the names of
 * the schedules that are started.
 */
export function mountHooks(
  server: FastifyInstance,
  hooks: Hooks,
  push: (image: PushedImage) => Promise<string[]>,
  log: Logger,
): void {
  server.register(async (own) => {
    // Senders have media types of their own; the bytes are what is signed.
    own.removeAllContentTypeParsers()
    own.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_, body, done) => done(null, body))
    for (const url of [`${hooksPath}/:id`, `${hooksPath}/:id/:secret`])
      own.route<{ Params: HookParams }>({
        method: 'POST',
        url,
        bodyLimit,
        config: { change: 'push' },
        onRequest: async (request) => {
          const { id } = request.params
          // The rest of the path may be the secret. The log does not have it.
          visitOf(request).object = Object.hasOwn(hooks, id) ? { hook: id } : {}
        },
        handler: async (request, reply) => {
          const { id } = request.params
          const hook = Object.hasOwn(hooks, id) ? hooks[id] : undefined
          const secret = hook && (await secretOf(hook, id, log))
          const images = imagesOf(request, hook, secret)
          const visit = visitOf(request)
          visit.by = `hook ${id}`
          const names = new Set((await Promise.all(images.map(push))).flat())
          visit.object = { images: images.length, schedules: names.size }
          return reply.status(202).send({ schedules: names.size })
        },
      })
  })
}

/** Checks that the secrets of hooks can be read. Throws `INVALID_ARGUMENT`. */
export async function checkHooks(hooks: Hooks): Promise<void> {
  for (const [id, { secretFile }] of Object.entries(hooks))
    await readSecret(secretFile, `hooks.${id}.secret-file`)
}

/** Read for each request: a new secret needs no restart. The sender is not told where it is. */
async function secretOf({ secretFile }: HookSettings, id: string, log: Logger): Promise<string> {
  return readSecret(secretFile, `hooks.${id}.secret-file`).catch((error: unknown) => {
    log.error('the secret of a hook cannot be read', { hook: id, error })
    throw new DistError(
      'UNAVAILABLE',
      'the dashboard cannot read the secret of this hook: its log tells more',
    )
  })
}

/** Throws the same error for an unknown hook as for a wrong secret. */
function imagesOf(
  { headers, body, params }: FastifyRequest<{ Params: HookParams }>,
  hook: HookSettings | undefined,
  secret: string | undefined,
): PushedImage[] {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  const proof = {
    authorization: headers.authorization,
    path: params.secret,
    signature: headers['x-hub-signature-256']?.toString(),
  }
  if (hook === undefined || secret === undefined || !isProven(proof, bytes, secret))
    throw new DistError('UNAUTHENTICATED', 'there is no such hook, or its secret is another one')
  const images = pushedImages(hook.kind, hook.registry, parse(bytes))
  if (images !== undefined) return images
  throw new DistError('INVALID_ARGUMENT', `body: not a notification of the kind ${hook.kind}`)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
