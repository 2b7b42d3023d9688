import { destinationName, destinationOf, requestForRegistry, storeTarget } from '@dist/mirror'
import { parsePrefix, type Reference } from '@dist/reference'
import type { Registry } from '@dist/registry-client'
import type { Context } from '../context.js'
import { requestedPlatforms } from '../images/destinations.js'
import { openIngest, openPushes, pushIngest } from '../open/ingest.js'
import { noteWithoutBars, openRegistry, requestSettings } from '../open/registry.js'
import { openStore } from '../open/store.js'
import type { Report } from '../report/report.js'
import { runEngine, type Work } from './engine.js'
import type { MirrorOptions } from './mirror.js'
import type { References } from './references.js'

/** Mirrors in this process, into the store or to the registry of the options. Resolves to the exit code. */
export async function mirrorEmbedded(
  context: Context,
  references: References,
  options: MirrorOptions,
  report: Report,
): Promise<number> {
  await using remote = await openRegistry(options, context, noteWithoutBars(context, {}))
  const { platform, concurrency, to } = options
  const work = { context, options, report, images: references, total: references.size, originOf: () => ({}) }
  if (to !== undefined) return await mirrorTo(to, remote, work)
  await using store = await openStore(options, context.env, { create: true })
  const requests = await requestSettings(options, context)
  await using ingest = await openIngest({ store, remote, requests, concurrency })
  return await runEngine(
    work,
    {
      source: remote,
      target: storeTarget(store.content, store.names),
      ingest: ingest.blob,
      hosts: remote.limiter,
    },
    { platforms: requestedPlatforms(platform) },
  )
}

/** Mirrors to a registry, with referrers. For one platform only its manifest is sent. */
async function mirrorTo(to: string, remote: Registry, work: Work): Promise<number> {
  const { platform, concurrency } = work.options
  const prefix = parsePrefix(to)
  const { source, platforms, nameOf } = requestForRegistry(remote, requestedPlatforms(platform))
  const pushes = await openPushes(remote)
  const destination = (reference: Reference) => destinationOf(nameOf(reference), prefix)
  return await runEngine(
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
    { platforms, referrers: true },
  )
}
