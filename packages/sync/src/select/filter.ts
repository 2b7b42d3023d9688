/** The selection of tags of an entry, as texts: plain data, which `compileFilter` checks. */
export interface TagFilter {
  /** Tags by name. */
  readonly list?: readonly string[] | undefined
  /** Patterns, see `compileGlob`. */
  readonly include?: readonly string[] | undefined
  /** Regular expressions for the whole tag, see `compileRegex`. */
  readonly regex?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly excludeRegex?: readonly string[] | undefined
  /** Ranges of versions, see `compileRange`; one of them has to hold. */
  readonly semver?: readonly string[] | undefined
  /** Whether `semver` accepts prereleases. Default: false. */
  readonly prereleases?: boolean | undefined
  /** See `parseSince`. */
  readonly newerThan?: string | undefined
  readonly newest?: number | undefined
  /** Default: `version`. */
  readonly newestBy?: NewestBy | undefined
}

export const newestBys = ['version', 'date', 'name'] as const

export type NewestBy = (typeof newestBys)[number]

/** Whether the filter names its tags one by one: a listing of the repository is not needed. */
export function namesTags({ list, include, regex }: TagFilter): boolean {
  return list !== undefined && include === undefined && regex === undefined
}
