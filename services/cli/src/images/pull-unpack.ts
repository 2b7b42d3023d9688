import type { ImageOutcome } from '@dist/mirror'
import { type Platform, parsePlatform } from '@dist/oci'
import { formatReference } from '@dist/reference'
import type { Snapshots, Unpacked } from '@dist/rootfs'
import type { Context } from '../context.js'
import { openSnapshots } from '../open/store.js'
import { print } from '../output/print.js'
import { jsonUnpacked, type UnpackTask, unpackedLine, unpackShown, Warnings } from '../rootfs/unpacking.js'
import type { PullOptions } from './pull.js'

/** The result for an image that was pulled and unpacked. */
export interface UnpackOutcome extends ImageOutcome {
  /** One for each platform; empty if the image failed. */
  readonly unpacked: readonly Unpacked[]
}

/** The second part of `dist pull --unpack`. */
export class PullUnpack {
  readonly #warnings = new Warnings()
  /** Undefined: this machine's platform. */
  readonly #platforms: readonly (Platform | undefined)[]

  constructor(
    private readonly context: Context,
    private readonly options: PullOptions,
    private readonly task: Pick<UnpackTask, 'source' | 'onEvent'>,
  ) {
    this.#platforms = options.platform?.map((text) => parsePlatform(text)) ?? [undefined]
  }

  /** Unpacks the pulled images one after the other. The failure of an image is in its outcome. */
  async run(pulled: readonly ImageOutcome[]): Promise<UnpackOutcome[]> {
    const snapshots = await openSnapshots(this.options, this.context.env)
    const outcomes: UnpackOutcome[] = []
    for (const outcome of pulled) outcomes.push(await this.#unpack(outcome, snapshots))
    return outcomes
  }

  /** Prints the unpacked root filesystems, then the warnings. */
  report(outcomes: readonly UnpackOutcome[]): void {
    if (!this.options.json)
      for (const { reference, unpacked } of outcomes)
        for (const each of unpacked) print(this.context, unpackedLine(formatReference(reference), each))
    this.#warnings.tell(this.context, this.options)
  }

  async #unpack(outcome: ImageOutcome, snapshots: Snapshots): Promise<UnpackOutcome> {
    const { reference, desc } = outcome
    const unpacked: Unpacked[] = []
    if (outcome.error !== undefined || desc === undefined) return { ...outcome, unpacked }
    const image = { name: formatReference(reference), desc, onWarning: this.#warnings.add }
    try {
      for (const platform of this.#platforms) {
        const task = { ...this.task, ...image, platform, snapshots }
        unpacked.push(await unpackShown(this.context, task))
      }
      return { ...outcome, unpacked }
    } catch (error) {
      return { ...outcome, unpacked: [], error }
    }
  }
}

/** The member `unpacked` of `--json`. */
export function jsonUnpackOutcome({ unpacked }: UnpackOutcome) {
  return { unpacked: unpacked.map(jsonUnpacked) }
}
