import type { Blobs } from './blobs/blobs.js'
import type { Documents } from './published/documents.js'
import type { Published } from './published/published.js'

/** What answers are made of. */
export interface Parts {
  readonly published: Published
  readonly documents: Documents
  readonly blobs: Blobs
}
