import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { DistError, sanitize } from '@dist/errdefs'
import { scopes, type TokenInfo, type TokenRequest, type Tokens } from '@dist/runs'
import * as z from 'zod'
import { newGeneration } from '../jobs/ids.js'
import type { Client } from './client.js'
import { openClient, type RunsOptions } from './open.js'

/** Opens the tokens of a queue. Calls throw as those of `openRuns`. */
export function openTokens(options: RunsOptions): Tokens & AsyncDisposable {
  return new QueuedTokens(openClient(options))
}

/** `dist_`, the id, and 32 random bytes. */
const grammar = /^dist_([a-z0-9]{6})_[\w-]{43}$/

/**
 * A token as Redis keeps it. The hash is one round of SHA-256: there are 2^256 tokens, so that a slow hash, which makes
 * passwords hard to guess, would only slow down each request.
 */
const record = z.object({
  hash: z.string(),
  scope: z.enum(scopes),
  name: z.string().optional(),
  createdAt: z.number(),
  expiresAt: z.number(),
})

type TokenRecord = z.infer<typeof record>

class QueuedTokens implements Tokens, AsyncDisposable {
  constructor(private readonly client: Client) {}

  async create({ scope, lifetime, name }: TokenRequest): Promise<{ token: string; info: TokenInfo }> {
    const { redis, keys, ask } = this.client
    const id = newGeneration()
    const token = `dist_${id}_${randomBytes(32).toString('base64url')}`
    const createdAt = Date.now()
    const made = { hash: hashOf(token), scope, createdAt, expiresAt: createdAt + lifetime }
    const kept: TokenRecord = name === undefined ? made : { ...made, name: sanitize(name, 100) }
    await ask(redis.set(keys.tokenEpoch, newGeneration(), 'NX'))
    if ((await ask(redis.hsetnx(keys.tokens, id, JSON.stringify(kept)))) === 1)
      return { token, info: infoOf(id, kept) }
    return this.create({ scope, lifetime, name })
  }

  async list(): Promise<TokenInfo[]> {
    const { redis, keys, ask } = this.client
    const found = Object.entries(await ask(redis.hgetall(keys.tokens)))
    const infos = found.map(([id, text]) => infoOf(id, readRecord(text)))
    const expired = infos.filter(isExpired).map(({ id }) => id)
    if (expired.length > 0) await ask(redis.hdel(keys.tokens, ...expired))
    const valid = infos.filter((info) => !isExpired(info))
    return valid.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  }

  async revoke(id: string): Promise<void> {
    const { redis, keys, ask } = this.client
    if ((await ask(redis.hdel(keys.tokens, id))) === 1) return
    throw new DistError(
      'NOT_FOUND',
      `token ${sanitize(id, 20)}: this queue has no such token; dist token list shows them`,
    )
  }

  async find(token: string): Promise<TokenInfo | undefined> {
    const { redis, keys, ask } = this.client
    const [, id] = grammar.exec(token) ?? []
    if (id === undefined) return undefined
    const text = await ask(redis.hget(keys.tokens, id))
    if (text === null) return undefined
    const found = readRecord(text)
    const info = infoOf(id, found)
    const isSame = timingSafeEqual(Buffer.from(hashOf(token), 'hex'), Buffer.from(found.hash, 'hex'))
    return isSame && !isExpired(info) ? info : undefined
  }

  async epoch(): Promise<string | undefined> {
    const { redis, keys, ask } = this.client
    return (await ask(redis.get(keys.tokenEpoch))) ?? undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.redis.disconnect()
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function readRecord(text: string): TokenRecord {
  return record.parse(JSON.parse(text))
}

function infoOf(id: string, { scope, name, createdAt, expiresAt }: TokenRecord): TokenInfo {
  return { id, scope, name, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
}

function isExpired({ expiresAt }: TokenInfo): boolean {
  return expiresAt.getTime() <= Date.now()
}
