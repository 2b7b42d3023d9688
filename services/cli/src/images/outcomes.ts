import type { ImageOutcome } from '@dist/mirror'

/** All outcomes of a few images, in the order of their references. */
export async function inOrder(outcomes: AsyncIterable<ImageOutcome>): Promise<ImageOutcome[]> {
  const all: ImageOutcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  return all.sort((a, b) => a.index - b.index)
}
