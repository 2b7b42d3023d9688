import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SessionInfo, Sessions } from '@dist/runs'
import * as z from 'zod'
import type { Client } from './client.js'
import { openClient, type RunsOptions } from './open.js'

/** Opens the sessions of a queue. Calls throw as those of `openRuns`. */
export function openSessions(options: RunsOptions): Sessions & AsyncDisposable {
  return new QueuedSessions(openClient(options))
}

/** 32 random bytes. */
const grammar = /^[\w-]{43}$/

/** Milliseconds after which a session ends that is not used. */
const idleMs = 12 * 3_600_000

/** A session as Redis keeps it. Its key is a hash of the secret, as that of a token. */
const record = z.object({
  user: z.string(),
  /** The HMAC of the credential: who has no secret of the session cannot guess a password by it. */
  proof: z.string(),
})

class QueuedSessions implements Sessions, AsyncDisposable {
  constructor(private readonly client: Client) {}

  async begin(user: string, credential: string): Promise<string> {
    const { redis, ask } = this.client
    const secret = randomBytes(32).toString('base64url')
    const kept: z.infer<typeof record> = { user, proof: proofOf(secret, credential).toString('base64') }
    await ask(redis.set(this.#keyOf(secret), JSON.stringify(kept), 'PX', idleMs))
    return secret
  }

  async find(secret: string): Promise<SessionInfo | undefined> {
    const { redis, ask } = this.client
    if (!grammar.test(secret)) return undefined
    const key = this.#keyOf(secret)
    const [text] = await Promise.all([ask(redis.get(key)), ask(redis.pexpire(key, idleMs))])
    if (text === null) return undefined
    const { user, proof } = record.parse(JSON.parse(text))
    const known = Buffer.from(proof, 'base64')
    return {
      user,
      until: new Date(Date.now() + idleMs),
      holds: (credential) => timingSafeEqual(proofOf(secret, credential), known),
    }
  }

  async end(secret: string): Promise<void> {
    const { redis, ask } = this.client
    if (grammar.test(secret)) await ask(redis.del(this.#keyOf(secret)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }

  #keyOf(secret: string): string {
    return this.client.keys.session(createHash('sha256').update(secret).digest('base64url'))
  }
}

function proofOf(secret: string, credential: string): Buffer {
  return createHmac('sha256', secret).update(credential).digest()
}
