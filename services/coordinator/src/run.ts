import { type Flags, type ServiceContext, serviceShapes } from '@dist/composition/service'
import { DistError } from '@dist/errdefs'
import { z } from 'zod'

/** The settings of a coordinator, each with a text that tells what it is. */
export const coordinatorSettings = z.object(serviceShapes.coordinator)

/** Runs a coordinator until the signal aborts; resolves when it has stopped. Throws what keeps it from starting. */
export async function runCoordinator(_flags: Flags<'coordinator'>, _context: ServiceContext): Promise<void> {
  throw new DistError('NOT_IMPLEMENTED', 'not yet')
}
