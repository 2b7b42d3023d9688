import type { Image } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import type { PruneWork } from './begin.js'
import { type PruneOptions, type PruneParts, planPrunes } from './plan.js'
import { removePlanned } from './remove.js'

/** A name that was removed, or why none of an entry was. */
export type Pruned = { readonly entry: string } & (
  | { readonly image: Image; readonly error?: undefined }
  | { readonly image?: undefined; readonly error: DistError }
)

export interface PruneRun extends PruneOptions {
  readonly signal?: AbortSignal | undefined
  /** Only tells what would be removed. Default: false. */
  readonly dryRun?: boolean | undefined
}

/**
 * Removes the names that entries have published and no longer select; see `planPrunes` for which these are. An entry that fails
 * yields its error. Throws what `signal` causes.
 */
export async function* pruneEntries(
  work: Pick<PruneWork, 'rules' | 'error'>,
  parts: PruneParts,
  options: PruneRun,
): AsyncGenerator<Pruned, void> {
  const { signal, dryRun = false } = options
  for (const plan of await planned(work, parts, options)) {
    throwIfAborted(signal)
    if ('error' in plan) yield plan
    else yield* dryRun ? prunedOf(plan) : removed(plan, parts)
  }
}

/** What concerns all entries is the error of each. */
async function planned(
  { rules, error: known }: Pick<PruneWork, 'rules' | 'error'>,
  parts: PruneParts,
  options: PruneRun,
) {
  if (known !== undefined) return rules.map(({ entry }) => ({ entry, error: known }))
  try {
    return await planPrunes(rules, parts, options)
  } catch (error) {
    if (!(error instanceof DistError)) throw error
    return rules.map(({ entry }) => ({ entry, error }))
  }
}

async function* removed(
  plan: Parameters<typeof removePlanned>[0],
  parts: PruneParts,
): AsyncGenerator<Pruned, void> {
  const { entry } = plan
  try {
    yield* prunedOf({ entry, images: await removePlanned(plan, parts) })
  } catch (error) {
    if (!(error instanceof DistError)) throw error
    yield { entry, error }
  }
}

function* prunedOf({ entry, images }: { readonly entry: string; readonly images: readonly Image[] }) {
  for (const image of images) yield { entry, image }
}
