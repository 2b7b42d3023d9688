import { randomUUID } from 'node:crypto'
import { Memory } from '@dist/sign-in'
import { errors, jwtVerify, SignJWT } from 'jose'
import * as z from 'zod'
import type { TokenKey } from './key.js'
import type { Access } from './scope.js'

/** Seconds that a token is valid. */
export const tokenSeconds = 300
/** The issuer and the audience of tokens, and the service that challenges name. */
export const service = 'dist'

const algorithm = 'ES256'
/** Seconds by which the clocks of two instances may differ. */
const tolerance = 30
/** Tokens that were verified and are still valid. */
const maxVerified = 5_000

/** What a token says: whom it was given to, and for what. */
export interface TokenClaims {
  readonly user: string
  readonly access: readonly Access[]
}

const claimsSchema = z.object({
  sub: z.string().min(1),
  exp: z.number(),
  access: z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) })),
})

/** Signs and verifies tokens, in the form of the distribution token specification. */
export class Tokens {
  readonly #verified: Memory<TokenClaims>

  /** `now`: milliseconds since 1970, for tests. */
  constructor(
    private readonly key: TokenKey,
    private readonly now: () => number = Date.now,
  ) {
    this.#verified = new Memory(maxVerified, now)
  }

  /** A token that is valid for `tokenSeconds`. */
  async sign({ user, access }: TokenClaims): Promise<string> {
    const seconds = Math.floor(this.now() / 1000)
    return await new SignJWT({ access })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(service)
      .setAudience(service)
      .setSubject(user)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + tokenSeconds)
      .setJti(randomUUID())
      .sign(this.key.privateKey)
  }

  /** What a token says. Undefined: it is not valid, or no longer. */
  async verify(token: string): Promise<TokenClaims | undefined> {
    const known = this.#verified.get(token)
    if (known !== undefined) return known
    const payload = await this.#payloadOf(token)
    const { data } = claimsSchema.safeParse(payload)
    if (data === undefined) return undefined
    const claims = { user: data.sub, access: data.access }
    this.#verified.set(token, claims, data.exp * 1000)
    return claims
  }

  async #payloadOf(token: string): Promise<unknown> {
    try {
      const { payload } = await jwtVerify(token, this.key.publicKey, {
        algorithms: [algorithm],
        issuer: service,
        audience: service,
        clockTolerance: tolerance,
        currentDate: new Date(this.now()),
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}
