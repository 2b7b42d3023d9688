import { formatReference, type Reference } from '@dist/reference'
import type { ImageRequest } from './compile.js'

/** A name that two sources would get. */
export interface Conflict {
  readonly name: string
  readonly sources: readonly [string, string]
}

interface Claim {
  /** The source, formatted. */
  readonly source: string
  readonly entry: string
}

type Destination = ImageRequest['destinations'][number]

/**
 * The names that the images of a run get. Two sources must not become one name: the second would replace the first, and each
 * run would do so again.
 */
export class ClaimedNames {
  readonly #claims = new Map<string, Claim>()
  readonly #contested = new Map<string, Conflict>()

  /**
   * Claims the names of a request. A name stays with the first entry that claims it: a further claim for the same source has
   * no effect. If another source has one of the names, it claims none: the conflict is returned, and concerns both.
   */
  claim({ source, destinations, entry }: ImageRequest): Conflict | undefined {
    const claimant = formatReference(source)
    let conflict: Conflict | undefined
    for (const destination of destinations) {
      const key = keyOf(source, destination) ?? ''
      const other = this.#claims.get(key)
      if (other === undefined || other.source === claimant) continue
      conflict = { name: nameOf(source, destination), sources: [other.source, claimant] }
      this.#contested.set(key, conflict)
    }
    if (conflict !== undefined) return conflict
    for (const destination of destinations) {
      const key = keyOf(source, destination)
      if (key !== undefined && !this.#claims.has(key)) this.#claims.set(key, { source: claimant, entry })
    }
    return undefined
  }

  /** A conflict about one of the names of a request, whichever source was the first. */
  conflictOf({ source, destinations }: ImageRequest): Conflict | undefined {
    if (this.#contested.size === 0) return undefined
    for (const destination of destinations) {
      const conflict = this.#contested.get(keyOf(source, destination) ?? '')
      if (conflict !== undefined) return conflict
    }
    return undefined
  }

  /** The request without the destinations that an earlier entry brings the same source to. */
  ownPartOf(request: ImageRequest): ImageRequest {
    const own = request.destinations.filter((destination) => {
      const claim = this.#claims.get(keyOf(request.source, destination) ?? '')
      return claim === undefined || claim.entry === request.entry
    })
    return own.length === request.destinations.length ? request : { ...request, destinations: own }
  }
}

export function describeConflict({ name, sources: [one, other] }: Conflict): string {
  return `${name}: ${one} and ${other} would both get this name: give one of them another destination`
}

/** What can be claimed: a digest always names the same content. A name in the store and one in a registry are two names. */
function keyOf(source: Reference, destination: Destination): string | undefined {
  const { tag } = destination === 'store' ? source : destination
  if (tag === undefined) return undefined
  const name = nameOf(source, destination)
  return destination === 'store' ? `store ${name}` : name
}

function nameOf(source: Reference, destination: Destination): string {
  const { host, repository, tag } = destination === 'store' ? source : destination
  return formatReference({ host, repository, ...(tag === undefined ? {} : { tag }) })
}
