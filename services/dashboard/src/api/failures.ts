import type { FailureCause, RunStatus, Runs } from '@dist/runs'

/** What images of several runs failed of. */
interface Failure {
  readonly cause: FailureCause
  readonly images: number
  readonly run: string
}

/** Failed runs whose causes are read. */
const runsAtMost = 10
/** Runs among which they are looked for. */
const lookedAt = 100

const day = 24 * 60 * 60 * 1000

/** Finds what the runs of the last day failed of, the causes of most images first. */
export function failureFinder(runs: Pick<Runs, 'list' | 'causes'>): () => Promise<Failure[]> {
  /** By runs and their counts: the causes of a run change only with these. */
  let known = new Map<string, Promise<readonly FailureCause[]>>()
  return async () => {
    const failed = failedRuns(await runs.list({ limit: lookedAt }), Date.now()).slice(0, runsAtMost)
    const causes = new Map(failed.map((run) => [keyOf(run), known.get(keyOf(run)) ?? runs.causes(run.id)]))
    known = causes
    // What was not found is asked again.
    for (const [key, each] of causes) each.catch(() => causes.delete(key))
    return mergeCauses(
      await Promise.all(failed.map(async (run) => [run.id, (await causes.get(keyOf(run))) ?? []] as const)),
    )
  }
}

/** The runs of the day before a time that have failed images. */
export function failedRuns<T extends Pick<RunStatus, 'createdAt' | 'endedAt' | 'images'>>(
  runs: readonly T[],
  now: number,
): T[] {
  return runs.filter(
    ({ createdAt, endedAt, images }) =>
      images.failed > 0 && now - (endedAt?.getTime() ?? Math.max(now, createdAt.getTime())) < day,
  )
}

/** The same cause of several runs is one. */
export function mergeCauses(
  runs: readonly (readonly [run: string, causes: readonly FailureCause[]])[],
): Failure[] {
  const merged = new Map<string, Failure>()
  for (const [run, causes] of runs)
    for (const cause of causes) {
      const first = merged.get(cause.id) ?? { cause, run, images: 0 }
      merged.set(cause.id, { ...first, images: first.images + cause.images })
    }
  return [...merged.values()].sort((a, b) => b.images - a.images)
}

function keyOf({ id, images }: Pick<RunStatus, 'id' | 'images'>): string {
  return JSON.stringify([id, images.failed, images.done])
}
