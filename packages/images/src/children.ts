import { type Provider, readContent } from '@dist/content'
import { DistError } from '@dist/errdefs'
import {
  childrenOf,
  type Descriptor,
  hasChildren,
  isSchema1Type,
  maxManifestSize,
  parseManifest,
} from '@dist/oci'
import type { Handler } from './handler.js'

/**
 * Reads manifests and indexes, Docker's and OCI's, artifact manifests included, and returns what they name. Of
 * any other media type there are no children: it is content. Throws what `parseManifest` and `readContent` throw, and
 * `FAILED_PRECONDITION` when the content does not have the descriptor's size.
 */
export function childrenHandler(provider: Provider): Handler {
  return async (desc, { signal }) => {
    if (!hasChildren(desc.mediaType) && !isSchema1Type(desc.mediaType)) return []
    const content = await readContent(provider, desc, maxManifestSize, { signal })
    if (content.byteLength !== desc.size) {
      throw new DistError(
        'FAILED_PRECONDITION',
        `${nameOf(desc)} has ${content.byteLength} bytes; its descriptor says ${desc.size}`,
      )
    }
    return childrenOf(parseManifest(content, desc.mediaType, nameOf(desc)))
  }
}

function nameOf(desc: Descriptor): string {
  return `manifest ${desc.digest}`
}
