import { join } from 'node:path'
import type { BenchOptions, BenchReport } from '../bench.js'
import { startSource } from '../distributed/source.js'
import { medianOf } from '../measure.js'
import { table } from '../table.js'
import { tiny } from '../workloads.js'
import { amongDead, startDeadHosts } from './dead.js'
import { mirrorEmbedded } from './embedded.js'
import { mirrorQueued } from './queue.js'

/** How one run went, in seconds from its start. */
export interface Mirrored {
  /** Until the last image of the host that answers was published. */
  readonly goodDone: number
  readonly ended: number
}

export interface HostsResult {
  readonly form: string
  readonly alone: readonly Mirrored[]
  readonly besideDead: readonly Mirrored[]
}

const forms = [
  ['embedded', mirrorEmbedded],
  ['by a queue', mirrorQueued],
] as const

/** What hosts that are dead cost the images of one that lives. */
export async function benchHosts({ runs = 3, quick, scratch, progress }: BenchOptions): Promise<BenchReport> {
  const [good, each] = quick ? [40, 5] : [2_000, 200]
  await using source = await startSource({ images: () => tiny(good) })
  await using dead = await startDeadHosts()
  const mixed = amongDead(source.references, dead, each)
  const results: HostsResult[] = []
  for (const [form, mirror] of forms) {
    const alone: Mirrored[] = []
    const besideDead: Mirrored[] = []
    for (let i = 0; i < runs; i++) {
      const folder = (name: string) => join(scratch, `hosts-${results.length}-${name}-${i}`)
      alone.push(await mirror(source.references, good, folder('alone')))
      besideDead.push(await mirror(mixed, good, folder('mixed')))
      progress(`  ${form}: alone ${seconds(alone)}, beside dead hosts ${seconds(besideDead)}`)
    }
    results.push({ form, alone, besideDead })
  }
  return { markdown: markdown(results, good, each), json: results }
}

function seconds(runs: readonly Mirrored[]): string {
  return `${runs.at(-1)?.goodDone.toFixed(2)} s`
}

function markdown(results: readonly HostsResult[], good: number, each: number): string[] {
  const header = ['form', 'alone s', 'beside dead hosts s', 'goal s', 'then ended after s', 'goal s']
  const rows = results.map(({ form, alone, besideDead }) => {
    const median = medianOf(alone.map(({ goodDone }) => goodDone))
    const beside = medianOf(besideDead.map(({ goodDone }) => goodDone))
    const rest = medianOf(besideDead.map(({ goodDone, ended }) => ended - goodDone))
    return [form, median.toFixed(2), beside.toFixed(2), (1.2 * median + 2).toFixed(2), rest.toFixed(1), '90']
  })
  return [
    '## Dead hosts',
    '',
    `${good} images of one 10 KiB layer, alone and with ${each} references to a closed port and ${each} to a silent host`,
    'among them, into a folder: seconds until the last of the good ones is published, and from then until the run ends;',
    'medians.',
    '',
    ...table([header, ...rows], 1),
  ]
}
