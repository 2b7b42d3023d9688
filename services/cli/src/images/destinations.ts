import { DistError } from '@dist/errdefs'
import { destinationOf } from '@dist/mirror'
import { formatReference, parsePrefix, publishedNames, type Reference } from '@dist/reference'

/**
 * Checks the destinations of references below a prefix of a registry. Throws `INVALID_ARGUMENT` for an invalid prefix, for a
 * reference without a valid destination, and for two repositories with the same destination.
 */
export function checkDestinations(references: readonly Reference[], to: string): void {
  const prefix = parsePrefix(to)
  const taken = new Map<string, Reference>()
  for (const reference of references) {
    for (const name of publishedNames(destinationOf(reference, prefix))) {
      const other = taken.get(name)
      if (other !== undefined && other.host !== reference.host) throw clash(reference, other, name)
      taken.set(name, reference)
    }
  }
}

function clash(reference: Reference, other: Reference, name: string): DistError {
  return new DistError(
    'INVALID_ARGUMENT',
    `${formatReference(other)} and ${formatReference(reference)} would both get the name ${name}; mirror them below different prefixes`,
  )
}
