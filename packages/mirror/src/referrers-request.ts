/** The referrers that an image brings: all, none, or those of some artifact types. */
export type ReferrersRequest = boolean | { readonly artifactTypes: readonly string[] }

/** The artifact types that are wanted, sorted; `all` without a filter. Undefined: no referrers. */
export function wantedTypes(request: ReferrersRequest | undefined): 'all' | readonly string[] | undefined {
  if (typeof request === 'object') return [...new Set(request.artifactTypes)].sort()
  return request === true ? 'all' : undefined
}
