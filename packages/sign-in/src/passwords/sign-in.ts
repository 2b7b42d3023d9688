import { createHmac, randomBytes } from 'node:crypto'
import { Memory } from '../limits/memory.js'
import { Rates } from '../limits/rates.js'
import type { Compare } from './comparer.js'
import type { PasswordFile } from './htpasswd.js'

/** A user name with a password, as the header `Authorization: Basic` has them. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** The user, or why there is none. `later`: the credentials were not looked at; seconds to wait. */
export type SignedIn =
  | { readonly user: string }
  | { readonly failed: 'wrong' }
  | { readonly failed: 'later'; readonly seconds: number }

/** Clients send their password with each request: it is compared once in this time. */
const rememberMs = 60_000
const maxRemembered = 10_000
/** Wrong passwords of one network. Those that are being compared count, too. */
const failures = { burst: 20, perSecond: 10 / 60 }
/** bcrypt uses 72 bytes of a password. */
const maxPasswordLength = 1024

/**
 * Checks user names and passwords. What was right is remembered for a minute, by a hash with a key that only this process
 * has. Unknown users take as long as known ones. Wrong passwords are limited for each network, before they are compared, and
 * equal credentials are compared once at the same time.
 */
export class SignIn {
  readonly #key = randomBytes(32)
  readonly #known: Memory<true>
  readonly #failures: Rates
  readonly #running = new Map<string, Promise<SignedIn>>()
  readonly #now: () => number

  /** `users`: the present users. `now`: milliseconds, for tests. */
  constructor(
    private readonly users: () => PasswordFile,
    private readonly compare: Compare,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now
    this.#known = new Memory(maxRemembered, now)
    this.#failures = new Rates({ ...failures, now })
  }

  /** Whether there is such a user. */
  knows(user: string): boolean {
    return this.users().hashes.has(user)
  }

  /** `network`: of the client. Throws what `compare` throws. */
  async check(credentials: Credentials, network: string): Promise<SignedIn> {
    const { hashes, decoy } = this.users()
    const hash = hashes.get(credentials.user)
    const digest = this.#digestOf(credentials, hash ?? decoy)
    if (this.#known.get(digest) !== undefined) return { user: credentials.user }
    const running =
      this.#running.get(digest) ??
      this.#compareOnce(credentials, hash, decoy, digest, network).finally(() => this.#running.delete(digest))
    this.#running.set(digest, running)
    return await running
  }

  async #compareOnce(
    { user, password }: Credentials,
    hash: string | undefined,
    decoy: string,
    digest: string,
    network: string,
  ): Promise<SignedIn> {
    const seconds = this.#failures.take(network)
    if (seconds > 0) return { failed: 'later', seconds }
    if (password.length > maxPasswordLength) return { failed: 'wrong' }
    const matches = await this.compare(password, hash ?? decoy)
    if (matches === undefined) {
      this.#failures.giveBack(network)
      return { failed: 'later', seconds: 1 }
    }
    if (!matches || hash === undefined) return { failed: 'wrong' }
    this.#failures.giveBack(network)
    this.#known.set(digest, true, this.#now() + rememberMs)
    return { user }
  }

  /** The hash is part of it: another password in the file ends what is remembered. */
  #digestOf({ user, password }: Credentials, hash: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([user, password, hash]))
      .digest('base64')
  }
}
