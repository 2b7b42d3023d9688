import type { MirrorEntry } from '../mirror-file.js'

/** What is taken of the images of an entry. */
export interface Wanted {
  readonly platforms: 'all' | readonly string[]
  /** Whether indexes are rewritten to the platforms. */
  readonly isStripped: boolean
  /** None, all, or those of some artifact types. */
  readonly referrers: boolean | { readonly artifactTypes: readonly string[] }
  /** Milliseconds. */
  readonly referrersFreshFor: number
}

/** `platforms`: those that a user asks for, in place of those of the entry. Default: none are asked for. */
export function wantedBy(
  { platforms: listed, index, referrers, referrersFreshFor }: MirrorEntry,
  platforms: 'all' | readonly string[] = 'all',
): Wanted {
  const ofEntry = listed.length === 0 ? 'all' : listed
  const taken = platforms === 'all' ? ofEntry : platforms
  return {
    platforms: taken,
    isStripped: index === 'stripped' && taken !== 'all',
    referrers:
      referrers === false || referrers.length === 0 ? referrers !== false : { artifactTypes: referrers },
    referrersFreshFor,
  }
}
