import type { GateRequest, Refusal } from '@dist/registry-server'
import { clientAddress, networkOf, type ProxyCheck, Rates } from '@dist/sign-in'
import { tooMany } from './refusals.js'

/** A client at the door. */
export interface Greeted {
  /** Its address. */
  readonly client: string
  /** What limits count it as. */
  readonly network: string
  /** When it asks too often. */
  readonly refusal?: Refusal | undefined
}

/** Finds out the addresses of clients, and limits how often each may ask. */
export class Doorman {
  readonly #rates: Rates | undefined

  /** `rate`: requests per second of one client; twice as many may come at once. Default: no limit. */
  constructor(
    readonly isProxy: ProxyCheck,
    rate?: number | undefined,
  ) {
    this.#rates =
      rate === undefined ? undefined : new Rates({ burst: Math.max(1, 2 * rate), perSecond: rate })
  }

  greet(request: GateRequest): Greeted {
    const client = clientAddress(request, this.isProxy)
    const network = networkOf(client)
    const seconds = this.#rates?.take(network) ?? 0
    if (seconds === 0) return { client, network }
    return { client, network, refusal: { ...tooMany('this client asks too often: wait', seconds), client } }
  }
}
