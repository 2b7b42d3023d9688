import { type Digest, digestOf } from '@dist/oci'

/**
 * The chain ID of each layer: what it is on top of all those before it. Equal chain IDs mean equal root filesystems,
 * whichever images they belong to. OCI image spec, "Layer ChainID".
 */
export function chainIDsOf(diffIDs: readonly Digest[]): Digest[] {
  const chain: Digest[] = []
  for (const diffID of diffIDs) {
    const parent = chain.at(-1)
    chain.push(parent === undefined ? diffID : digestOf(`${parent} ${diffID}`))
  }
  return chain
}
