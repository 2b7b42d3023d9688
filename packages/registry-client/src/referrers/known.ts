import { type DistError, hasCode } from '@dist/errdefs'
import type { Operation } from '../request/operation.js'

/** Why the referrers API returned no list: it does not exist, its repository does not exist, or it failed. */
export type NoList = 'no API' | 'no repository' | DistError

/** Milliseconds. Registries are repaired, and rights are granted: the API is tried again afterwards. */
const lifetimeMs = 600_000
/** More repositories than are copied in that time. */
const maxKnown = 100_000

/** Referrers APIs that returned no list, by endpoint or by repository: no further requests for a while. */
export class KnownNoLists {
  readonly #known = new Map<string, { readonly answer: NoList; readonly until: number }>()

  find({ endpoint, repository }: Operation): NoList | undefined {
    const known = [endpoint.url, `${endpoint.url}/${repository}`].map((key) => this.#known.get(key))
    return known.find((each) => each !== undefined && each.until > performance.now())?.answer
  }

  /** Records why there is no list. A missing repository and temporary failures are not recorded. */
  record({ endpoint, repository }: Operation, answer: NoList): void {
    if (answer === 'no repository') return
    if (answer === 'no API' || hasCode(answer, 'MALFORMED', 'NOT_IMPLEMENTED'))
      this.#set(endpoint.url, answer)
    else if (hasCode(answer, 'UNAUTHENTICATED', 'PERMISSION_DENIED'))
      this.#set(`${endpoint.url}/${repository}`, answer)
  }

  #set(key: string, answer: NoList): void {
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(key, { answer, until: performance.now() + lifetimeMs })
  }
}
