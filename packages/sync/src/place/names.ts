import { DistError } from '@dist/errdefs'
import { formatReference, type Reference } from '@dist/reference'
import type { ImageRequest } from './compile.js'

/**
 * The names that the images of a run get. Two sources must not become one name: the second would replace the first, and each
 * run would do so again.
 */
export class ClaimedNames {
  readonly #sources = new Map<string, string>()

  /**
   * Claims the names of a request. The same source may claim a name again, also for another entry. Throws `INVALID_ARGUMENT`
   * when another source has one of the names; then it claims none of them.
   */
  claim({ source, destinations, entry }: ImageRequest): void {
    const claimant = formatReference(source)
    const names = destinations.flatMap((each) => namesOf(each === 'store' ? source : each, each === 'store'))
    for (const name of names) {
      const other = this.#sources.get(name)
      if (other === undefined || other === claimant) continue
      throw new DistError(
        'INVALID_ARGUMENT',
        `${name.replace(/^store /, '')}: ${other} and ${claimant} (mirror ${entry}) would both get this name: give one of them another destination`,
      )
    }
    for (const name of names) this.#sources.set(name, claimant)
  }
}

/** The names that can change. A name in the store and the same name in a registry are two names. */
function namesOf({ host, repository, tag }: Reference, isInStore: boolean): string[] {
  if (tag === undefined) return []
  const name = formatReference({ host, repository, tag })
  return [isInStore ? `store ${name}` : name]
}
