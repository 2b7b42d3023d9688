import type { Manager, Swept } from '@dist/content'

/** The writes that no process has open and that have not changed since a time. Default: since any time. */
export async function abandonedWrites(
  { content }: { readonly content: Pick<Manager, 'statuses'> },
  before = Number.POSITIVE_INFINITY,
): Promise<Swept[]> {
  const found: Swept[] = []
  for await (const { ref, offset, updatedAt, live } of content.statuses())
    if (live !== true && updatedAt.getTime() <= before) found.push({ ref, size: offset, updatedAt })
  return found
}
