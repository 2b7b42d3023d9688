import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ContentStore, forEachConcurrently, type Image, type Names } from '@dist/content'
import { type Descriptor, type Digest, digestOf, mediaTypes } from '@dist/oci'

/** Objects of an image: the manifest, its config and its layers. */
const objectsOfImage = 10

interface Made {
  readonly image: Image
  readonly contents: readonly { readonly digest: Digest; readonly content: Buffer }[]
}

/** An image of tiny objects, all its own. */
function imageAt(i: number): Made {
  const blobs = Array.from({ length: objectsOfImage - 1 }, (_, part) => Buffer.from(`${i} ${part}`))
  const descs = blobs.map((content, part): Descriptor => {
    const mediaType = part === 0 ? mediaTypes.ociConfig : mediaTypes.ociLayerGzip
    return { mediaType, digest: digestOf(content), size: content.byteLength }
  })
  const [config, ...layers] = descs
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers }),
  )
  const desc = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.byteLength }
  const name = `registry.test/bench/${i % 500}:${i}`
  const contents = [...blobs, manifest].map((content) => ({ digest: digestOf(content), content }))
  return { image: { name, desc, selection: 'all' }, contents }
}

/** Makes a folder with images, of which every tenth has no name. Directly: the store would sync each object. */
export function fillFolder(root: string, images: number): void {
  for (const folder of ['blobs/sha256', 'blobs/sha512', 'ingest', 'locks'])
    mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const entries: string[] = []
  for (let i = 0; i < images; i++) {
    const { image, contents } = imageAt(i)
    for (const { digest, content } of contents)
      writeFileSync(join(root, 'blobs', digest.replace(':', '/')), content)
    const annotations = { 'org.opencontainers.image.ref.name': image.name, 'dev.dist.selection': 'all' }
    if (isNamed(i)) entries.push(JSON.stringify({ annotations, ...image.desc }))
  }
  const head = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] })
  writeFileSync(join(root, 'index.json'), `${head.slice(0, -2)}\n${entries.join(',\n')}\n]}\n`)
}

/** Puts such images into a store. */
export async function fillStore(
  { content, names }: { readonly content: ContentStore; readonly names: Names },
  images: number,
): Promise<void> {
  await forEachConcurrently(Array(images).keys(), 64, async (i) => {
    const { image, contents } = imageAt(i)
    for (const { digest, content: bytes } of contents) {
      const writer = await content.writer(digest, { digest, size: bytes.byteLength }, { absent: true })
      await writer.write(bytes)
      await writer.commit()
    }
    if (isNamed(i)) await names.put(image)
  })
}

function isNamed(i: number): boolean {
  return i % 10 !== 0
}
