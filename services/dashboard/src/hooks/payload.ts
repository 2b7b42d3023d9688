import { hasCode } from '@dist/errdefs'
import { isTag, parseLocator } from '@dist/reference'
import type { PushedImage } from '@dist/runs'
import type { HookKind } from '@dist/settings'
import * as z from 'zod'

/** Images that one notification may tell of. */
const imagesAtMost = 100

const text = z.string().max(1024)

/** What was pushed where, as senders name it. */
interface Named {
  readonly repository: string
  readonly tag: string
}

// Of a payload only repository and tag are used. Other members, such as a URL to call, are not even read.

const distribution = z.object({
  events: z.array(
    z.object({ action: text, target: z.object({ repository: text.optional(), tag: text.optional() }) }),
  ),
})

const dockerHub = z.object({
  push_data: z.object({ tag: text }),
  repository: z.object({ repo_name: text }),
})

const harborData = z.object({
  resources: z.array(z.object({ tag: text.optional() })),
  repository: z.object({ repo_full_name: text }),
})

/** The form of its own, and that of CloudEvents. */
const harbor = z.union([
  z.object({ type: z.literal('PUSH_ARTIFACT'), event_data: harborData }),
  z.object({ type: z.literal('harbor.artifact.pushed'), data: harborData }),
  z.object({ type: text }),
])

/** Earlier versions have the tags as the names of members. */
const quay = z.object({
  repository: text,
  updated_tags: z.union([z.array(text), z.record(text, z.unknown())]),
})

const plain = z.object({ repository: text, tag: text })

const readers: Readonly<Record<HookKind, (payload: unknown) => Named[] | undefined>> = {
  distribution: (payload) =>
    distribution
      .safeParse(payload)
      .data?.events.flatMap(({ action, target: { repository, tag } }) =>
        action === 'push' && repository !== undefined && tag !== undefined ? [{ repository, tag }] : [],
      ),
  'docker-hub': (payload) => {
    const { data } = dockerHub.safeParse(payload)
    return data && [{ repository: data.repository.repo_name, tag: data.push_data.tag }]
  },
  harbor: (payload) => {
    const { data } = harbor.safeParse(payload)
    if (data === undefined) return undefined
    const pushed = 'event_data' in data ? data.event_data : 'data' in data ? data.data : undefined
    return (pushed?.resources ?? []).flatMap(({ tag }) =>
      tag === undefined ? [] : [{ repository: pushed?.repository.repo_full_name ?? '', tag }],
    )
  },
  quay: (payload) => {
    const { data } = quay.safeParse(payload)
    if (data === undefined) return undefined
    const { repository, updated_tags: tags } = data
    return (Array.isArray(tags) ? tags : Object.keys(tags)).map((tag) => ({ repository, tag }))
  },
  plain: (payload) => {
    const { data } = plain.safeParse(payload)
    return data && [data]
  },
}

/**
 * The images that a notification tells of, by the names that references have; without names that no image can have. Undefined
 * for a payload of another form.
 */
export function pushedImages(kind: HookKind, registry: string, payload: unknown): PushedImage[] | undefined {
  return readers[kind](payload)
    ?.slice(0, imagesAtMost)
    .flatMap(({ repository, tag }) => {
      const locator = isTag(tag) ? locatorOf(registry, repository) : undefined
      return locator === undefined ? [] : [{ ...locator, tag }]
    })
}

function locatorOf(registry: string, repository: string) {
  try {
    return parseLocator(`${registry}/${repository}`)
  } catch (error) {
    if (hasCode(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}
