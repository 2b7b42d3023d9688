import type { PruneLimit } from '@dist/content'
import type { Discovery } from '@dist/remotes'
import type { Timing } from '@dist/schedule'
import type { NotifyTargets, Registries } from '@dist/settings'
import type { Position } from './document/node.js'
import type { Source } from './place/source.js'
import type { TagFilter } from './select/filter.js'

/** What a mirror file says, with its defaults applied. Plain data. */
export interface MirrorFile {
  readonly name?: string | undefined
  /** Their paths are absolute. */
  readonly registries: Registries
  /** Their paths are absolute. */
  readonly notifyTargets: NotifyTargets
  /** Their names are unique. */
  readonly entries: readonly MirrorEntry[]
}

export const indexes = ['sparse', 'stripped'] as const

/** What `platforms` does to an index: `sparse` keeps it as it is, `stripped` rewrites it. */
export type IndexHandling = (typeof indexes)[number]

export interface MirrorEntry {
  readonly name: string
  readonly at: Position
  readonly source: Source
  /** The filter of a repository or a pattern. Undefined for an image. */
  readonly tags?: TagFilter | undefined
  /** Patterns of tags that never change. */
  readonly immutable: readonly string[]
  readonly repositories: RepositoryFilter
  /** Texts for `parseDestination`. */
  readonly to: readonly string[]
  /** All platforms when empty. */
  readonly platforms: readonly string[]
  readonly index: IndexHandling
  /** False for none; else the artifact types, all when empty. */
  readonly referrers: false | readonly string[]
  /** Milliseconds. */
  readonly referrersFreshFor: number
  /** Undefined: chosen by the host. */
  readonly discovery?: Discovery | undefined
  /** When it is mirrored by itself. Undefined: never. */
  readonly timing?: Timing | undefined
  /** Undefined: names that are no longer selected stay. */
  readonly prune?: Prune | undefined
  /** Undefined: no target is told. */
  readonly notify?: Notify | undefined
}

export const occasions = ['changed', 'failed', 'always'] as const

/** Who is told of an entry at the end of a run, and when. */
export interface Notify {
  /** Names of targets, which the settings define. */
  readonly targets: readonly string[]
  readonly on: readonly (typeof occasions)[number][]
}

/** How names of an entry are removed from the store after it no longer selects them. */
export interface Prune {
  /** Milliseconds that they are kept. */
  readonly keep: number
  readonly limit: PruneLimit
}

/** Narrows a source that is a pattern: path patterns, and regular expressions for whole repositories. */
export interface RepositoryFilter {
  readonly include?: readonly string[] | undefined
  readonly regex?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly excludeRegex?: readonly string[] | undefined
}
