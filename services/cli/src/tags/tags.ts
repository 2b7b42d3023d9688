import { DistError } from '@dist/errdefs'
import { CreationDates } from '@dist/mirror'
import { parseLocator } from '@dist/reference'
import { type Discovery, discoveries } from '@dist/remotes'
import { compileFilter, newestBys, selectFrom, type TagFilter } from '@dist/sync'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { DateFile } from '../open/dates.js'
import { serverAddress } from '../open/queue.js'
import { openRegistry } from '../open/registry.js'
import { collect, positive, type RemoteOptions, withOutput, withRemote, withServer } from '../options.js'
import { TagsView } from './view.js'

export interface TagsOptions extends RemoteOptions {
  server?: string | undefined
  include?: string[] | undefined
  regex?: string[] | undefined
  exclude?: string[] | undefined
  excludeRegex?: string[] | undefined
  semver?: string[] | undefined
  prereleases?: boolean | undefined
  newerThan?: string | undefined
  newest?: number | undefined
  newestBy?: TagFilter['newestBy']
  discovery?: Discovery | undefined
  explain?: boolean | undefined
}

const examples = `
Prints the selected tags of a repository, one a line; without a filter all of them. The filters are those of a mirror file, in
the same order: include and regex, exclude, semver, newer-than, newest. How many tags fell out at each is printed to stderr.
Dates cost requests: one for each tag, and one for each different image, unless the registry lists them.

Examples:
  $ dist tags quay.io/prometheus/prometheus --semver '>=3' --newest 5
  $ dist tags alpine --include '3.*' --exclude '*_rc*' --explain | grep -v selected
  $ dist tags localhost:5000/app --newer-than 90d --json | jq -r .created
  $ dist tags quay.io/team/private --server https://mirror.example.com`

export const tagsCommand: Define = (context, onExit) =>
  withServer(withRemote(withOutput(new Command('tags'))), 'the registry')
    .argument('<repository>', '[host/]repository')
    .option('--include <pattern>', 'tags of this pattern (*, ?, [a-z]); may be repeated', collect)
    .option(
      '--regex <expression>',
      'tags that this expression (RE2) matches as a whole; may be repeated',
      collect,
    )
    .option('--exclude <pattern>', 'without the tags of this pattern; may be repeated', collect)
    .option('--exclude-regex <expression>', 'without the tags that this matches; may be repeated', collect)
    .option('--semver <range>', 'versions of this range, such as ">=1.2 <2"; may be repeated', collect)
    .option('--prereleases', 'with the prereleases of these versions')
    .option(
      '--newer-than <age>',
      'images younger than 90d, 12h or 8w, or newer than a date; unknown dates are kept',
    )
    .addOption(new Option('--newest <n>', 'only the newest n').argParser(positive))
    .addOption(new Option('--newest-by <what>', 'what is compared (default: version)').choices(newestBys))
    .addOption(
      new Option('--discovery <api>', 'the API that lists dates (default: by the host)').choices(discoveries),
    )
    .option('--explain', 'print each tag with the filter at which it fell out')
    .addHelpText('after', examples)
    .action(async (repository: string, options) => onExit(await listTags(context, repository, options)))

/** `dist tags`: prints the tags of a repository that filters select. */
export async function listTags(context: Context, text: string, options: TagsOptions): Promise<number> {
  const locator = parseLocator(text)
  const filter = filterOf(options)
  const rules = compileFilter(filter)
  const address = await serverAddress(options, context.env, flagOfRegistry(options))
  if (address !== undefined) {
    const { listTagsByServer } = await import('./server.js')
    const repository = `${locator.host}/${locator.repository}`
    return await listTagsByServer(context, address, repository, filter, options)
  }
  await using registry = await openRegistry(options, context)
  const view = new TagsView(context, options)
  const { signal } = context
  await using memory = new DateFile(context.env)
  const dates = new CreationDates(registry, memory)
  const verdicts = selectFrom(registry, {
    locator,
    rules,
    discovery: options.discovery,
    findDate: (tag) => dates.find({ ...locator, tag }, signal),
    now: new Date(),
    signal,
    onInvalid: (name) => view.invalid(name),
  })
  for await (const verdict of verdicts) view.show(verdict)
  view.end()
  return exitCodes.done
}

/** The first flag that is about requests of this process. */
function flagOfRegistry(options: TagsOptions): string | undefined {
  const { hostsDir, authfile, plainHttp, insecureSkipTlsVerify, caFile, registriesConf } = options
  const given = {
    '--hosts-dir': hostsDir,
    '--authfile': authfile,
    '--plain-http': plainHttp,
    '--insecure-skip-tls-verify': insecureSkipTlsVerify,
    '--ca-file': caFile,
    '--registries-conf': registriesConf,
  }
  return Object.entries(given).find(([, value]) => value !== undefined)?.[0]
}

function filterOf(options: TagsOptions): TagFilter {
  const { include, regex, exclude, excludeRegex, semver, prereleases, newerThan, newest, newestBy } = options
  if (prereleases !== undefined && semver === undefined) throw needs('--prereleases', '--semver')
  if (newestBy !== undefined && newest === undefined) throw needs('--newest-by', '--newest')
  return { include, regex, exclude, excludeRegex, semver, prereleases, newerThan, newest, newestBy }
}

function needs(flag: string, other: string): DistError {
  return new DistError('INVALID_ARGUMENT', `${flag} needs ${other}`)
}
