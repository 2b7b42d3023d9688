import type { Selection } from '@dist/content'

/**
 * `mirror`: images are fetched; `verify`: the stored content of images is hashed again; `repair`: images that were unpublished
 * because of bad content are fetched again; `collect`: content that no image needs is deleted.
 */
export type RunKind = 'mirror' | 'verify' | 'repair' | 'collect'

export interface RunRequest {
  /** Default: `mirror`. */
  readonly kind?: Exclude<RunKind, 'collect'> | undefined
  /**
   * As users write them. An invalid one fails its image, not the run. Read once, in bounded memory. A verification
   * without references verifies all images that the store has when a coordinator takes the run.
   */
  readonly references: Iterable<string> | AsyncIterable<string>
  /**
   * A mirror file, in place of references: a coordinator lists and selects what it takes, with its own settings of
   * registries. `INVALID_ARGUMENT` for one with mistakes, and for one that needs files, variables or `registries`.
   */
  readonly sources?: SourcesText | undefined
  /** All platforms, or those listed (`linux/arm64`). A verification ignores it. */
  readonly platforms: Selection
  /** The id of the expected store. `INVALID_ARGUMENT` when the services have another one. */
  readonly store?: string | undefined
  /** A person waits for these images: they go before those of other runs. Default: false. */
  readonly byHand?: boolean | undefined
  /** A registry, or a path there (`registry.example.com/mirror`), that gets the images instead of the store. */
  readonly to?: string | undefined
  /**
   * Whether signatures, SBOMs and other referrers come with the images, or those of some artifact types. Default: all come to a
   * registry, none into a store. A mirror file says it itself: `INVALID_ARGUMENT` beside one.
   */
  readonly referrers?: boolean | { readonly artifactTypes: readonly string[] } | undefined
  /** The name of the schedule that starts the run. Default: a person does. */
  readonly schedule?: string | undefined
  /**
   * A verification sets bad content aside at its end, unpublishes the images that need it, and begins a repair of these. Default:
   * false.
   */
  readonly repairs?: boolean | undefined
  /** Mirrors are pruned whatever their limits are. Default: false. */
  readonly force?: boolean | undefined
}

/** The text of a mirror file. */
export interface SourcesText {
  readonly text: string
  readonly language: 'yaml' | 'json' | 'toml'
}
