import { DistError } from '@dist/errdefs'
import type { CoordinatorParts } from '../service.js'

/** The store that runs look after. Throws `NOT_IMPLEMENTED` for a coordinator without one. */
export function upkeepOf({
  upkeep,
}: Pick<CoordinatorParts, 'upkeep'>): NonNullable<CoordinatorParts['upkeep']> {
  if (upkeep !== undefined) return upkeep
  throw new DistError('NOT_IMPLEMENTED', 'this coordinator neither collects garbage nor repairs images')
}
