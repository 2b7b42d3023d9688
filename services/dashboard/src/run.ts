import { type Flags, type ServiceContext, serviceShapes } from '@dist/composition/service'
import { DistError } from '@dist/errdefs'
import { z } from 'zod'

/** The settings of a dashboard, each with a text that tells what it is. */
export const dashboardSettings = z.object(serviceShapes.dashboard)

/** Runs a dashboard until the signal aborts; resolves when it has stopped. Throws what keeps it from starting. */
export async function runDashboard(_flags: Flags<'dashboard'>, _context: ServiceContext): Promise<void> {
  throw new DistError('NOT_IMPLEMENTED', 'not yet')
}
