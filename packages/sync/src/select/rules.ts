import { isDigestTag, isTag } from '@dist/reference'
import type { TagFilter } from './filter.js'
import { anyOf, compileGlob, compileRegex, type Matcher } from './pattern.js'
import { compileRange, type Range } from './range.js'
import { parseSince, type Since } from './since.js'
import { parseVersion } from './version.js'

/**
 * The stages of a selection, in their order. A tag falls out at the first that does not accept it:
 *
 * - `name`: the name is not a valid tag, or it is the tag of a signature or of a list of referrers (`sha256-...`).
 * - `include`: neither in `list`, nor matched by `include` or `regex`.
 * - `exclude`: matched by `exclude` or `exclude-regex`.
 * - `semver`: not a version, not in the range, or a prerelease that was not asked for.
 * - `newer-than`: too old.
 * - `newest`: not among the newest.
 */
export const stages = ['name', 'include', 'exclude', 'semver', 'newer-than', 'newest'] as const

export type Stage = (typeof stages)[number]

/** A tag that is being selected. */
export interface Candidate {
  readonly tag: string
  /** Undefined where it is unknown or was not asked for. */
  readonly created?: Date | undefined
}

/** A filter that is ready for use. */
export interface TagRules {
  readonly filter: TagFilter
  /** The first of the stages `name`, `include`, `exclude` and `semver` that does not accept the name. */
  readonly refuses: (tag: string) => Stage | undefined
  readonly since: Since | undefined
  /** Whether the stages `newer-than` and `newest` use dates. */
  readonly usesDates: boolean
}

/** Compiles a filter. Throws `INVALID_ARGUMENT` for a pattern, range or date that is not valid. */
export function compileFilter(filter: TagFilter): TagRules {
  const includes = includeMatcher(filter)
  const excludes = anyOf([
    ...(filter.exclude ?? []).map(compileGlob),
    ...(filter.excludeRegex ?? []).map(compileRegex),
  ])
  const accepts = filter.semver === undefined ? undefined : versionMatcher(filter.semver, filter.prereleases)
  const refuses = (tag: string): Stage | undefined => {
    if (!isTag(tag) || isDigestTag(tag)) return 'name'
    if (!includes(tag)) return 'include'
    if (excludes(tag)) return 'exclude'
    return accepts === undefined || accepts(tag) ? undefined : 'semver'
  }
  const since = filter.newerThan === undefined ? undefined : parseSince(filter.newerThan)
  const byDate = filter.newest !== undefined && filter.newestBy === 'date'
  return { filter, refuses, since, usesDates: since !== undefined || byDate }
}

function includeMatcher({ list, include, regex }: TagFilter): Matcher {
  if (list === undefined && include === undefined && regex === undefined) return () => true
  const listed = new Set(list)
  const matches = anyOf([...(include ?? []).map(compileGlob), ...(regex ?? []).map(compileRegex)])
  return (tag) => listed.has(tag) || matches(tag)
}

function versionMatcher(ranges: readonly string[], prereleases = false): Matcher {
  const compiled: readonly Range[] = ranges.map(compileRange)
  return (tag) => {
    const version = parseVersion(tag)
    if (version === undefined || (version.prerelease.length > 0 && !prereleases)) return false
    return compiled.some((holds) => holds(version))
  }
}
