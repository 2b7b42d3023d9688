import { compileFilter, selectTags } from '@dist/sync'
import { medianOf } from '../measure.js'

const runs = 5

/** Seconds that a selection from so many tags takes in this process, by the filters that need no dates. */
export async function selectionSeconds(tags: number): Promise<number> {
  const rules = compileFilter({
    include: ['v*', '[0-9]*'],
    regex: ['release-.*'],
    exclude: ['*-rc*'],
    semver: ['>=1.2 <90'],
    newest: 100,
  })
  const seconds: number[] = []
  for (let run = 0; run < runs; run++) {
    const started = performance.now()
    let selected = 0
    for await (const { fellAt } of selectTags(candidates(tags), rules, { now: new Date() }))
      if (fellAt === undefined) selected++
    if (selected !== 100) throw new Error(`${selected} tags are selected, not 100`)
    seconds.push((performance.now() - started) / 1000)
  }
  return medianOf(seconds)
}

async function* candidates(tags: number) {
  for (let i = 0; i < tags; i++)
    yield { tag: `v${i % 97}.${Math.trunc(i / 97)}.${i % 7}${i % 11 === 0 ? '-rc1' : ''}` }
}
