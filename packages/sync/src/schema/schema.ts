import { discoveries } from '@dist/remotes'
import {
  cronPattern,
  flag,
  interval,
  notifyTargetName,
  notifyTargetsSchema,
  registriesSchema,
  section,
  givenText as text,
  timeZone,
} from '@dist/settings'
import * as z from 'zod'
import { indexes, occasions } from '../mirror-file.js'
import { newestBys } from '../select/filter.js'
import {
  choice,
  count,
  destination,
  oneOrMore,
  pathGlob,
  platform,
  pruneLimit,
  range,
  regex,
  since,
  source,
  tag,
  tagGlob,
} from './values.js'

const maxNewest = 100_000

const tags = section({
  list: oneOrMore(tag).optional().describe('Tags by name.'),
  include: oneOrMore(tagGlob).optional().describe('Patterns of tags: `*`, `?`, `[a-z]`, `[!a-z]`.'),
  regex: oneOrMore(regex)
    .optional()
    .describe(
      'Regular expressions (RE2) for the whole tag. A tag is taken that `list`, `include` or `regex` matches.',
    ),
  exclude: oneOrMore(tagGlob).optional().describe('Patterns of tags that are left out.'),
  'exclude-regex': oneOrMore(regex).optional().describe('Regular expressions for tags that are left out.'),
  semver: oneOrMore(range)
    .optional()
    .describe('Ranges of versions. Tags that are not versions are left out.'),
  prereleases: flag.optional().describe('Whether `semver` accepts prereleases. Default: false.'),
  'newer-than': since
    .optional()
    .describe('Age (`90d`, `12h`, `8w`) or date of the oldest image. Unknown dates are kept.'),
  newest: count(maxNewest).optional().describe('Number of tags that are kept, the newest.'),
  'newest-by': choice(newestBys).optional().describe('What `newest` compares. Default: version.'),
  immutable: oneOrMore(tagGlob)
    .optional()
    .describe('Patterns of tags that never change: once mirrored, they are not requested again.'),
})
  .refine(({ semver, prereleases }) => semver !== undefined || prereleases === undefined, {
    message: 'prereleases needs semver',
    path: ['prereleases'],
  })
  .refine(({ newest, 'newest-by': by }) => newest !== undefined || by === undefined, {
    message: 'newest-by needs newest',
    path: ['newest-by'],
  })

const referrers = z.union(
  [flag, section({ 'artifact-types': oneOrMore(text) })],
  'true, false or artifact-types is expected',
)

const duration = since.refine((value) => /^\d+[mhdw]$/.test(value), 'a duration such as 24h is expected')

const prune = z.union([flag, section({ keep: duration })], 'true, false or keep is expected')

const occasion = choice(occasions)

const notify = z.union(
  [
    oneOrMore(notifyTargetName),
    section({
      targets: oneOrMore(notifyTargetName).describe('Names of targets.'),
      on: z
        .union([occasion, z.array(occasion, 'a list is expected').min(1, 'must not be empty')])
        .optional()
        .describe('When they are told: changed, failed, always. Default: changed and failed.'),
    }),
  ],
  'names of targets, or targets and on, are expected',
)

const shared = {
  to: oneOrMore(destination)
    .optional()
    .describe(
      '`store`, or names in a registry, with {registry}, {repository}, {name} and {tag}. Default: the store.',
    ),
  platforms: oneOrMore(platform)
    .optional()
    .describe('Platforms of an index that are mirrored, such as linux/arm64. Default: all.'),
  index: choice(indexes)
    .optional()
    .describe('Whether `platforms` keeps the index as it is, or rewrites it. Default: sparse.'),
  referrers: referrers
    .optional()
    .describe(
      'Whether signatures and other referrers are mirrored, or those of some artifact types. Default: true.',
    ),
  'referrers-fresh-for': duration
    .optional()
    .describe('How long the referrers of an unchanged tag are not asked for again. Default: 24h.'),
  discovery: choice(discoveries)
    .optional()
    .describe('How the repositories of a pattern are listed. Default: by the host, where it is clear.'),
  schedule: cronPattern
    .optional()
    .describe(
      'When the entry is mirrored by itself: minute, hour, day of the month, month, day of the week.',
    ),
  'time-zone': timeZone.optional().describe('Time zone of `schedule`, such as Europe/Berlin. Default: UTC.'),
  every: interval.optional().describe('Interval at which the entry is mirrored by itself, such as 6h.'),
  notify: notify
    .optional()
    .describe('Targets that are told at the end of a run what has changed or failed. Default: none.'),
}

const mirror = section({
  name: text
    .optional()
    .describe('Name of the entry in reports, and of its schedule. Default: `from`, without a schedule.'),
  from: source.describe(
    'An image, a repository, or a pattern of repositories (`*` one component, `**` any number).',
  ),
  tags: z
    .union([z.literal('all'), tags], 'all, or a map of filters is expected')
    .optional()
    .describe('The tags that are mirrored.'),
  repositories: section({
    include: oneOrMore(pathGlob).optional().describe('Patterns of repositories that are taken.'),
    regex: oneOrMore(regex)
      .optional()
      .describe('Regular expressions (RE2) for whole repositories that are taken.'),
    exclude: oneOrMore(pathGlob).optional().describe('Patterns of repositories that are left out.'),
    'exclude-regex': oneOrMore(regex)
      .optional()
      .describe('Regular expressions for whole repositories that are left out.'),
  })
    .optional()
    .describe('The repositories of a pattern that are mirrored.'),
  prune: prune
    .optional()
    .describe(
      'Whether names are removed from the store that the entry has published and no longer selects, at once or after the time `keep`. Needs `name`. Default: false.',
    ),
  'prune-limit': pruneLimit
    .optional()
    .describe(
      'The most names of the entry that one run removes: a share (`20%`), which holds above 5 names, or a number. Default: 20%.',
    ),
  ...shared,
})

const defaults = section(shared)

/** The schema of a mirror file, after its variables are resolved. */
export const fileSchema = section({
  version: z
    .union([z.literal(1), z.literal('1')], '1 is expected: the version of the format')
    .describe('Version of the format: 1.'),
  name: text
    .optional()
    .describe('Name of the file, for its schedules: a file of the same name replaces it. Default: its path.'),
  registries: registriesSchema.optional().describe('Settings of registries, by host.'),
  'notify-targets': notifyTargetsSchema.optional().describe('Webhooks by name, for `notify`.'),
  defaults: defaults.optional().describe('Values for the keys that a mirror leaves out.'),
  mirrors: z.array(mirror, 'a list of mirrors is expected').describe('What is mirrored.'),
})

export type FileInput = z.output<typeof fileSchema>
export type MirrorInput = FileInput['mirrors'][number]
export type SharedInput = NonNullable<FileInput['defaults']>

/** The entries of a file that has mistakes. */
const partSchema = z.object({
  defaults: defaults.optional(),
  mirrors: z.array(mirror.optional().catch(undefined)),
})

/** What a file with mistakes says in the entries that have none. Undefined if its defaults have one. */
export function validPart(value: unknown): z.output<typeof partSchema> | undefined {
  return partSchema.safeParse(value).data
}

/** The JSON Schema of mirror files, for editors. */
export function mirrorFileJsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { '^x-': {} }
    },
  })
  return { title: 'Mirror file of dist', ...schema }
}
