import { DistError } from '@dist/errdefs'
import type { SourcesText } from '@dist/runs'
import type { ServerAddress } from '@dist/settings/command'
import type { Stage, TagFilter } from '@dist/sync'
import type { Context } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openDashboard } from '../open/queue.js'
import { note } from '../output/print.js'
import type { TagsOptions } from './tags.js'
import { TagsView } from './view.js'

/** Milliseconds for the listing. */
const timeout = 60_000

/** `dist tags` by the services of a dashboard, with their credentials: as the preview of a mirror file of one entry. */
export async function listTagsByServer(
  context: Context,
  address: ServerAddress,
  repository: string,
  filter: TagFilter,
  options: TagsOptions,
): Promise<number> {
  await using dashboard = await openDashboard(address, context)
  const sources = sourcesOf(repository, filter, options)
  const { tags, tally, invalid, failures, isComplete } = await dashboard.questions.preview({
    sources,
    timeout,
  })
  const [failure] = failures
  if (failure !== undefined) throw new DistError(failure.code, failure.message)
  const view = new TagsView(context, options)
  for (const name of invalid) view.invalid(name)
  for (const { tag, fellAt, created, hasUnknownDate } of tags)
    view.show({ tag, created, fellAt: fellAt as Stage | undefined, unknownDate: hasUnknownDate || undefined })
  view.end(tally)
  if (isComplete) return exitCodes.done
  note(
    context,
    'not all tags are shown: the time of the server was up, or there are too many; use more filters',
  )
  return exitCodes.partlyDone
}

/** A mirror file. Filters that are not given have no key in JSON. */
function sourcesOf(from: string, filter: TagFilter, { discovery }: TagsOptions): SourcesText {
  const { include, regex, exclude, excludeRegex, semver, prereleases, newerThan, newest, newestBy } = filter
  const isFiltered = (include ?? regex) !== undefined
  const tags = {
    // Without a selection a mirror takes `latest` alone.
    include: isFiltered ? include : ['*'],
    ...{ regex, exclude, 'exclude-regex': excludeRegex, semver, prereleases },
    ...{ 'newer-than': newerThan, newest, 'newest-by': newestBy },
  }
  return { text: JSON.stringify({ version: 1, mirrors: [{ from, tags, discovery }] }), language: 'json' }
}
