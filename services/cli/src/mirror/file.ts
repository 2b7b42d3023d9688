import { parseReference, type Reference } from '@dist/reference'
import type { HostLimiter } from '@dist/remotes'
import { type Choice, goneOf, type MirrorFile } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { noteWithoutBars, openRegistry } from '../open/registry.js'
import { note } from '../output/print.js'
import type { Report } from '../report/report.js'
import { runDry } from './dry-run.js'
import { runEngine, type Work } from './engine.js'
import { failedReports, jobsOf, originOf, registriesOf, tasksOf } from './jobs.js'
import type { MirrorOptions } from './mirror.js'
import { openTelling } from './notify.js'
import { type Places, withPlaces } from './places.js'
import { openPruning } from './prune.js'
import { chooseSources } from './sources.js'

/** Images that are read ahead of those that are mirrored: reading costs no request. */
const ahead = 10_000

/** What the runs of one process share. */
export interface SharedParts {
  /** Default: one of its own. */
  readonly limiter?: HostLimiter | undefined
  /** Whether no progress is shown. Default: false. */
  readonly quiet?: boolean | undefined
}

/** Mirrors in this process what a mirror file says, or tells what that would do. Resolves to the exit code. */
export async function mirrorFile(
  context: Context,
  file: MirrorFile,
  options: MirrorOptions,
  report: Report,
  { limiter, quiet }: SharedParts = {},
): Promise<number> {
  const { entries, registries } = file
  const waits = noteWithoutBars(context, {})
  await using remote = await openRegistry({ ...options, registries, limiter }, context, waits)
  await using telling = await openTelling(context, file)
  const choice = await chooseSources(context, file, remote, options)
  const jobs = jobsOf(choice)
  const failed = failedReports(choice, jobs.length)
  if (jobs.length + failed.length === 0) note(context, 'nothing to mirror: the mirror file selects no image')
  const ends = entries.some(({ prune, notify }) => prune !== undefined || notify !== undefined)
  if (jobs.length + failed.length === 0 && options.dryRun !== true && !ends) return exitCodes.done
  const hosts = registriesOf(jobs)
  const needsStore = entries.some(({ to }) => to.includes('store'))
  const run = async (places: Places) => {
    const { names, ledgers } = places
    const { dryRun = false, force = false } = options
    const pruning = await openPruning(context, { entries, choice, names, ledgers, dryRun, force })
    const work: Work = {
      context,
      options,
      report,
      quiet,
      failed,
      registries,
      total: jobs.length,
      images: tasksOf(jobs, { entries, source: remote, registry: places.registry, flags: options }),
      originOf: ({ index }) => originOf(jobs[index]),
      pruning,
      telling,
      to: needsStore ? undefined : [...new Set(hosts)].join(', '),
    }
    const dependencies = {
      source: remote,
      target: places.store,
      ingest: places.ingest,
      hosts: remote.limiter,
    }
    const asked = { platforms: 'all', ahead } as const
    if (!dryRun) return await runEngine(work, dependencies, asked)
    return await runDry({ ...work, gone: goneFrom(file, choice, places) }, dependencies, asked)
  }
  return await withPlaces(context, remote, { ...options, needsStore }, run)
}

function goneFrom({ entries }: MirrorFile, choice: Choice, { names }: Places) {
  return goneOf(entries, choice, storedReferences(names))
}

async function* storedReferences(names: Places['names']): AsyncGenerator<Reference> {
  for await (const { name } of names.list()) yield parseReference(name)
}
