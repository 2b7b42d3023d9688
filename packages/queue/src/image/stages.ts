import type { FailureStage } from '@dist/runs'

/** Errors belong to one image each; an error that is reworded has the first one as its cause. */
const stages = new WeakMap<Error, FailureStage>()

/** Records where an error of an image comes from, unless that is known. Returns the error. */
export function atStage(stage: FailureStage, error: unknown): unknown {
  if (error instanceof Error && stageOf(error) === undefined) stages.set(error, stage)
  return error
}

/** The stage at which an image failed; undefined if it did not fail by its own work. */
export function stageOf(error: unknown): FailureStage | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    const stage = stages.get(each)
    if (stage !== undefined) return stage
  }
  return undefined
}
