import { DistError } from '@dist/errdefs'
import type { QueueAddress } from '@dist/settings/command'
import type { MirrorOptions } from '../mirror.js'

/**
 * Checks the flags of `--watch`, which is for a mirror file and this process: nothing else has times. Throws `INVALID_ARGUMENT`.
 */
export function checkWatch(
  { watch, dryRun, report, summary }: MirrorOptions,
  file: string | undefined,
  address: QueueAddress | undefined,
): void {
  if (!watch) return
  if (file === undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      '--watch needs a mirror file: give one with -f, such as -f dist.yaml',
    )
  if (address !== undefined)
    throw new DistError(
      'INVALID_ARGUMENT',
      '--watch is done by this process: leave out --queue, and unset DIST_QUEUE; with a queue dist schedule apply has the services do it',
    )
  const other = [dryRun && '--dry-run', report && '--report', summary && '--summary'].find((each) => each)
  if (other) throw new DistError('INVALID_ARGUMENT', `--watch and ${other} exclude each other`)
}
