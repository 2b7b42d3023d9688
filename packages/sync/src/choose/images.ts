import { forEachConcurrently } from '@dist/content'
import { DistError, throwIfAborted } from '@dist/errdefs'
import { formatLocator, formatReference, type Locator, type Reference } from '@dist/reference'
import type { MirrorEntry } from '../mirror-file.js'
import { compileEntry, type EntryRules, type ImageRequest } from '../place/compile.js'
import { ClaimedNames, describeConflict } from '../place/names.js'
import { formatSource, type Source } from '../place/source.js'
import { type Tally, Tallying, type Verdict } from '../select/select.js'
import { type Lists, selectFrom } from './tags.js'

/** Where an entry failed before it had images to mirror. */
export type ChoiceStage = 'listing' | 'naming'

/** A source that could not be listed, or an image that gets no name. Nothing of it is mirrored. */
export interface ChoiceFailure {
  /** The name of the entry. */
  readonly entry: string
  /** The pattern, the repository or the image. */
  readonly source: string
  readonly stage: ChoiceStage
  readonly error: unknown
}

export interface ChooseOptions {
  readonly signal?: AbortSignal | undefined
  /** The time from which ages are counted. */
  readonly now: Date
  /** As in `SelectOptions`. */
  readonly findDate: (image: Reference) => Promise<Date | undefined>
  /** Calls a function that lists, again if it helps. Default: once. */
  readonly retry?: (<T>(list: () => Promise<T>) => Promise<T>) | undefined
  /** Called with what the selection of an entry says on each tag of a repository. */
  readonly onVerdict?: ((verdict: Verdict, entry: string, repository: Locator) => void) | undefined
  /** Keeps what has been listed, for a process that goes on after this one. Default: nothing is kept. */
  readonly checkpoint?: Checkpoint | undefined
}

/** Names that were listed and selected before: repositories of an entry, and tags of a repository. */
export interface Checkpoint {
  recall(key: string): Promise<readonly string[] | undefined>
  keep(key: string, names: readonly string[]): Promise<void>
}

/** What entries take from registries. */
export interface Choice {
  /** In the order of the entries. Each image of a registry goes to each of its names once. */
  readonly requests: readonly ImageRequest[]
  /** All that the entries take, also what an earlier entry brings to the same name. */
  readonly taken: readonly ImageRequest[]
  readonly failures: readonly ChoiceFailure[]
  /** Images that a registry has, and that only `newer-than` or `newest` left out; formatted. */
  readonly passedOver: ReadonlySet<string>
  /** What happened to the tags of the repositories that were listed. */
  readonly tally: Tally
  /** Names in the lists of registries that are not valid. Sanitize before printing. */
  readonly invalid: ReadonlySet<string>
}

/** Repositories that are listed at the same time. */
const concurrency = 32

/**
 * Lists and selects what the entries take, and gives it its names. A source that cannot be listed, and images that
 * would get the name of another one, are failures of their own. Throws only what `signal` causes.
 */
export async function chooseImages(
  entries: readonly MirrorEntry[],
  lists: Lists,
  options: ChooseOptions,
): Promise<Choice> {
  const chooser = new Chooser(lists, options)
  const compiled = entries.map(compileEntry)
  const chosen = await mapConcurrently(compiled, (rules) => chooser.imagesOf(rules))
  throwIfAborted(options.signal)
  const requests: ImageRequest[] = []
  const failures = [...chooser.failures]
  const fail = (entry: string, image: Reference, error: unknown) =>
    failures.push({ entry, source: formatReference(image), stage: 'naming', error })
  for (const [index, rules] of compiled.entries())
    for (const image of chosen[index] ?? [])
      try {
        requests.push(rules.requestOf(image))
      } catch (error) {
        fail(rules.entry.name, image, error)
      }
  const { own, refused } = shareOut(requests)
  for (const { request, error } of refused) fail(request.entry, request.source, error)
  const { passedOver, tally, invalid } = chooser
  return { requests: own, taken: requests, failures, passedOver, tally, invalid }
}

/** Leaves each name to one request. */
function shareOut(requests: readonly ImageRequest[]) {
  const names = new ClaimedNames()
  for (const request of requests) names.claim(request)
  const own: ImageRequest[] = []
  const refused: { request: ImageRequest; error: DistError }[] = []
  for (const request of requests) {
    const conflict = names.conflictOf(request)
    if (conflict !== undefined)
      refused.push({ request, error: new DistError('INVALID_ARGUMENT', describeConflict(conflict)) })
    else {
      const part = names.ownPartOf(request)
      if (part.destinations.length > 0) own.push(part)
    }
  }
  return { own, refused }
}

class Chooser {
  readonly failures: ChoiceFailure[] = []
  readonly passedOver = new Set<string>()
  readonly #invalid = new Set<string>()
  readonly #tallying = new Tallying()

  constructor(
    private readonly lists: Lists,
    private readonly options: ChooseOptions,
  ) {}

  get tally(): Tally {
    return this.#tallying.tally()
  }

  get invalid(): ReadonlySet<string> {
    return this.#invalid
  }

  /** The images of an entry. Its failures are kept. */
  async imagesOf(rules: EntryRules): Promise<readonly Reference[]> {
    const { source } = rules.entry
    if (source.kind === 'image') return [source.reference]
    const repositories =
      source.kind === 'repository' ? [source.locator] : await this.#repositories(rules, source)
    const images = await mapConcurrently(repositories, (locator) => this.#tags(rules, locator))
    return images.flat()
  }

  async #repositories(rules: EntryRules, source: Source & { kind: 'pattern' }): Promise<Locator[]> {
    const { host, pattern } = source
    const { discovery } = rules.entry
    const list = async () => {
      const found: string[] = []
      const options = { ...this.#listOptions, discovery, under: fixedPart(pattern) }
      for await (const repository of this.lists.repositories(host, options))
        if (rules.takesRepository(repository)) found.push(repository)
      return found
    }
    const found = await this.#attempt(rules, formatSource(source), list)
    return found.map((repository) => ({ host, repository }))
  }

  async #tags(rules: EntryRules, locator: Locator): Promise<readonly Reference[]> {
    const { findDate, now } = this.options
    const list = async () => {
      const verdicts = selectFrom(this.lists, {
        ...this.#listOptions,
        locator,
        rules: rules.tags,
        // A repository of a pattern may lack a tag that the entry names.
        named: rules.entry.source.kind === 'pattern' ? undefined : rules.namedTags,
        discovery: rules.entry.discovery,
        findDate: (tag) => findDate({ ...locator, tag }),
        now,
      })
      const tallying = new Tallying()
      const selected: string[] = []
      for await (const verdict of verdicts) {
        tallying.add(verdict)
        this.options.onVerdict?.(verdict, rules.entry.name, locator)
        const { tag, fellAt } = verdict
        if (fellAt === undefined) selected.push(tag)
        else if (fellAt === 'newer-than' || fellAt === 'newest')
          this.passedOver.add(formatReference({ ...locator, tag }))
      }
      this.#tallying.addAll(tallying.tally())
      return selected
    }
    const tags = await this.#attempt(rules, formatLocator(locator), list)
    return tags.map((tag) => ({ ...locator, tag }))
  }

  get #listOptions() {
    const onInvalid = (name: string) => void this.#invalid.add(name)
    return { signal: this.options.signal, onInvalid }
  }

  /** None if they cannot be listed. */
  async #attempt(
    { entry }: EntryRules,
    source: string,
    list: () => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const { retry = (call) => call(), checkpoint, signal } = this.options
    const key = `${entry.name} ${source}`
    const known = await checkpoint?.recall(key)
    if (known !== undefined) return known
    let names: readonly string[]
    try {
      names = await retry(list)
    } catch (error) {
      if (!signal?.aborted) this.failures.push({ entry: entry.name, source, stage: 'listing', error })
      return []
    }
    await checkpoint?.keep(key, names)
    return names
  }
}

/** The components before the first one with a wildcard: `team/web` of `team/web/**`. */
function fixedPart(pattern: string): string | undefined {
  const parts = pattern.split('/')
  const end = parts.findIndex((part) => /[*?[]/.test(part))
  return end > 0 ? parts.slice(0, end).join('/') : undefined
}

/** The results in the order of the items. */
async function mapConcurrently<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  await forEachConcurrently(items.entries(), concurrency, async ([index, item]) => {
    results[index] = await map(item)
  })
  return results
}
