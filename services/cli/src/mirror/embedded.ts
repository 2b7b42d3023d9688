import { destinationName, destinationOf, requestForRegistry } from '@dist/mirror'
import { parsePrefix, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Context } from '../context.js'
import { requestedPlatforms } from '../images/destinations.js'
import { requestedReferrers } from '../images/referrers.js'
import { openPushes, pushIngest } from '../open/ingest.js'
import { noteWithoutBars, openRegistry } from '../open/registry.js'
import type { Report } from '../report/report.js'
import { runDry } from './dry-run.js'
import { runEngine, type Work } from './engine.js'
import type { MirrorOptions } from './mirror.js'
import { withPlaces } from './places.js'
import type { References } from './references.js'

/** Mirrors in this process, into the store or to the registry of the options. Resolves to the exit code. */
export async function mirrorEmbedded(
  context: Context,
  references: References,
  options: MirrorOptions,
  report: Report,
): Promise<number> {
  await using remote = await openRegistry(options, context, noteWithoutBars(context, {}))
  const { platform, to } = options
  const work = { context, options, report, images: references, total: references.size, originOf: () => ({}) }
  if (to !== undefined) return await mirrorTo(to, remote, work)
  return await withPlaces(context, remote, { ...options, needsStore: true }, ({ store, ingest }) =>
    run(
      work,
      { source: remote, target: store, ingest, hosts: remote.limiter },
      { platforms: requestedPlatforms(platform), referrers: requestedReferrers(options) },
    ),
  )
}

/** Mirrors, or tells what that would do. */
const run: typeof runEngine = (work, dependencies, options) =>
  work.options.dryRun === true ? runDry(work, dependencies, options) : runEngine(work, dependencies, options)

/** Mirrors to a registry, with referrers. For one platform only its manifest is sent. */
async function mirrorTo(to: string, remote: Registry, work: Work): Promise<number> {
  const { platform, concurrency } = work.options
  const prefix = parsePrefix(to)
  const { source, platforms, nameOf } = requestForRegistry(remote, requestedPlatforms(platform))
  const pushes = await openPushes(remote)
  const destination = (reference: Reference) => destinationOf(nameOf(reference), prefix)
  return await run(
    {
      ...work,
      to,
      originOf: ({ reference, desc }) => ({ to: destinationName(reference, prefix, desc?.digest) }),
    },
    {
      source,
      target: pushes.targetAt(destination),
      ingest: pushIngest(pushes, concurrency),
      hosts: remote.limiter,
    },
    { platforms, referrers: requestedReferrers(work.options, true) },
  )
}
