import { DistError } from '@dist/errdefs'
import { formatReference, parseReference, type Reference } from '@dist/reference'

/** The reference that a name is, written in full; undefined for names that other tools have invented. */
export function referenceNamed(name: string): Reference | undefined {
  try {
    const reference = parseReference(name)
    return formatReference(reference) === name ? reference : undefined
  } catch (error) {
    if (error instanceof DistError) return undefined
    throw error
  }
}
