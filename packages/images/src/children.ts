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
 * Reads manifests and indexes of Docker and OCI, artifact manifests included, and returns the descriptors in them. Other
 * media types have no children. Throws as `parseManifest` and `readContent`, and `FAILED_PRECONDITION` if the content does
 * not have the size of the descriptor.
 */
export function childrenHandler(provider: Provider): Handler {
  return async (desc, { signal }) => {
    if (!hasChildren(desc.mediaType) && !isSchema1Type(desc.mediaType)) return []
    const content = await readContent(provider, desc, maxManifestSize, { signal })
    if (content.byteLength !== desc.size) {
      throw new DistError(
        'FAILED_PRECONDITION',
        `${nameOf(desc)} has ${content.byteLength} bytes, expected ${desc.size} by its descriptor`,
      )
    }
    return childrenOf(parseManifest(content, desc.mediaType, nameOf(desc)))
  }
}

function nameOf(desc: Descriptor): string {
  return `manifest ${desc.digest}`
}
