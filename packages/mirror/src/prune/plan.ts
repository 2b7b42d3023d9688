import {
  forEachConcurrently,
  type Image,
  imageNamed,
  type Ledgers,
  type Names,
  type PruneLimit,
} from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { keepNeeded, tagNamesOf } from '../cosign-names.js'

/** How the names of an entry are pruned. */
export interface PruneRule {
  readonly entry: string
  /** Milliseconds that a name is kept after the entry no longer selects it. */
  readonly keep: number
  readonly limit: PruneLimit
}

/** What is to be removed for an entry. */
export interface PrunePlan {
  readonly entry: string
  /** The published names that go. */
  readonly images: readonly Image[]
  /** The names of cosign's tags that go with them. */
  readonly tags: readonly string[]
  /** Names that have been removed otherwise. */
  readonly absent: readonly string[]
}

export interface PruneParts {
  readonly ledgers: Ledgers
  readonly names: Names
}

export interface PruneOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Whether the limits do not hold. Default: false. */
  readonly force?: boolean | undefined
}

/** Up to this number of names no share is too large: a mirror of three tags may lose one. */
const alwaysAllowed = 5
/** Reads of the store at the same time. */
const concurrency = 16

/** What an entry may lose, before other entries are asked. */
interface Draft {
  readonly rule: PruneRule
  readonly due: readonly string[]
  /** Of the names in its ledger. */
  readonly total: number
}

/**
 * Plans what is removed for each rule: the names that only its entry has published, and that it has not selected for `keep`. A
 * name that another ledger has as selected stays. An entry that would lose more than its limit gets an error in place of a
 * plan: `RESOURCE_EXHAUSTED`, or the error of its ledger. Throws if other ledgers or names cannot be read.
 */
export async function planPrunes(
  rules: readonly PruneRule[],
  { ledgers, names }: PruneParts,
  { now, force = false }: PruneOptions,
): Promise<readonly (PrunePlan | { readonly entry: string; readonly error: DistError })[]> {
  const drafts = new Map<string, Draft | DistError>()
  await forEachConcurrently(rules, concurrency, async (rule) => {
    drafts.set(rule.entry, await draftOf(rule, ledgers, now).catch(unreadable))
  })
  const due = [...drafts.values()].flatMap((draft) => (draft instanceof DistError ? [] : draft.due))
  const images = await imagesOf(due, names)
  const tags = new Map([...images.values()].map((image) => [image.name, tagNamesOf(image)]))
  const selected = await selectedAmong(new Set([...due, ...[...tags.values()].flat()]), ledgers)
  const plans = [...drafts].map(([entry, draft]) => {
    if (draft instanceof DistError) return { entry, error: draft }
    const going = draft.due.filter((name) => !selected.has(name))
    const found = going.map((name) => images.get(name)).filter((image) => image !== undefined)
    const error = force ? undefined : excess(draft, found.length)
    if (error !== undefined) return { entry, error }
    const absent = going.filter((name) => !images.has(name))
    const own = found.flatMap(({ name }) => tags.get(name) ?? []).filter((name) => !selected.has(name))
    return { entry, images: found, tags: [...new Set(own)], absent }
  })
  return await withoutNeeded(plans, names)
}

async function draftOf(rule: PruneRule, ledgers: Ledgers, now: number): Promise<Draft> {
  const { names } = (await ledgers.read(rule.entry)) ?? { names: new Map<string, number | undefined>() }
  const due = [...names].flatMap(([name, since]) =>
    since !== undefined && since + rule.keep <= now ? [name] : [],
  )
  return { rule, due, total: names.size }
}

/** An unreadable ledger concerns its entry only. */
function unreadable(error: unknown): DistError {
  if (error instanceof DistError) return error
  throw error
}

async function imagesOf(due: readonly string[], names: Names): Promise<ReadonlyMap<string, Image>> {
  const images = new Map<string, Image>()
  await forEachConcurrently(new Set(due), concurrency, async (name) => {
    const image = await imageNamed(name, names)
    if (image !== undefined) images.set(name, image)
  })
  return images
}

/** The names that a ledger has as selected. */
async function selectedAmong(
  candidates: ReadonlySet<string>,
  ledgers: Ledgers,
): Promise<ReadonlySet<string>> {
  const selected = new Set<string>()
  if (candidates.size === 0) return selected
  for await (const { names } of ledgers.list())
    for (const name of candidates) if (names.has(name) && names.get(name) === undefined) selected.add(name)
  return selected
}

function excess({ rule, total }: Draft, going: number): DistError | undefined {
  const { entry, limit } = rule
  const tooMany =
    'names' in limit ? going > limit.names : going > alwaysAllowed && going * 100 > total * limit.percent
  if (!tooMany) return undefined
  const shown = 'names' in limit ? `${limit.names}` : `${limit.percent}%`
  return new DistError(
    'RESOURCE_EXHAUSTED',
    `${sanitize(entry, 200)}: ${going} of ${total} names are no longer selected, more than prune-limit (${shown}): none is removed; check what the registry lists, or run once with --force`,
  )
}

/** Leaves out the tags of cosign that an image needs that stays. */
async function withoutNeeded<T extends PrunePlan | { readonly error: DistError }>(
  plans: readonly T[],
  names: Names,
): Promise<readonly T[]> {
  const removed = new Set<string>()
  const unused = new Set<string>()
  for (const plan of plans) {
    if ('error' in plan) continue
    for (const { name } of plan.images) removed.add(name)
    for (const name of plan.tags) unused.add(name)
  }
  await keepNeeded(unused, names, removed)
  return plans.map((plan) =>
    'error' in plan ? plan : { ...plan, tags: plan.tags.filter((name) => unused.has(name)) },
  )
}
