import type { Catalogue, CatalogueContent } from '../catalogue/catalogue.js'
import type { Distance } from '../catalogue/send.js'

/** Seconds that a registry's distance takes from a mirror that costs nothing. */
export interface Ideal {
  /** Of all requests of all images, one after the other. */
  readonly manifests: number
  readonly blobs: number
}

/** One request for each manifest and each blob, the first time. */
export function idealOf(catalogue: Catalogue, images: number, { latency, bandwidth }: Distance): Ideal {
  const seconds = ({ descriptor }: CatalogueContent) => latency / 1000 + descriptor.size / bandwidth
  const sum = { manifests: 0, blobs: 0 }
  for (let i = 0; i < images; i++) {
    const { manifest, blobs } = catalogue.image(i)
    sum.manifests += seconds(manifest)
    sum.blobs += blobs.reduce((total, blob) => total + seconds(blob), 0)
  }
  return sum
}

/** Manifests and blobs by so many requests at a time. */
export function idealEmbedded({ manifests, blobs }: Ideal, transfers: number): number {
  return (manifests + blobs) / transfers
}

/** Blobs by so many transfers; coordinators ask for the manifests meanwhile, and no blob is known before the first one. */
export function idealQueued({ manifests, blobs }: Ideal, transfers: number, images: number): number {
  return manifests / images + blobs / transfers
}
