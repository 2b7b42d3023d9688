import { type Flags, type ServiceContext, serviceShapes } from '@dist/composition/service'
import { DistError } from '@dist/errdefs'
import { z } from 'zod'

/** The settings of a worker, each with a text that tells what it is. */
export const workerSettings = z.object(serviceShapes.worker)

/** Runs a worker until the signal aborts; resolves when it has stopped. Throws what keeps it from starting. */
export async function runWorker(_flags: Flags<'worker'>, _context: ServiceContext): Promise<void> {
  throw new DistError('NOT_IMPLEMENTED', 'not yet')
}
