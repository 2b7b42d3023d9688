import { sanitize } from '@dist/errdefs'
import type { Stage, Tally } from '@dist/sync'
import { plural } from '../output/format.js'

/** What the counts say of the tags that fell out at a stage. */
const fates: Readonly<Record<Stage, string>> = {
  name: 'of signatures',
  include: 'not included',
  exclude: 'excluded',
  semver: 'not in the range of versions',
  'newer-than': 'too old',
  newest: 'not among the newest',
}

/** Names that are not valid, as many as are printed. */
const invalidShown = 3

/** What a selection has done, in lines for the user. `invalid`: names in lists of registries that are not valid. */
export function countsOf(tally: Tally, invalid: ReadonlySet<string>): string[] {
  const { listed, fell, selected, unknownDates } = tally
  const fallen = (Object.entries(fates) as [Stage, string][])
    .filter(([stage]) => fell[stage] > 0)
    .map(([stage, fate]) => `${fell[stage]} ${fate}`)
  const lines = [`${plural(listed, 'tag')}: ${[...fallen, `${selected} selected`].join(', ')}`]
  if (unknownDates > 0)
    lines.push(`${plural(unknownDates, 'selected tag')}: the date is unknown, so newer-than keeps them`)
  if (invalid.size === 0) return lines
  const shown = [...invalid].slice(0, invalidShown).map((name) => `"${sanitize(name, 40)}"`)
  const more = invalid.size > shown.length ? ', ...' : ''
  return [
    ...lines,
    `${plural(invalid.size, 'name')} in the lists of registries skipped, not valid: ${shown.join(', ')}${more}`,
  ]
}
