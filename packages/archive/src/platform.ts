import type { Image, Provider } from '@dist/content'
import { selectManifest } from '@dist/images'
import { bareDescriptor, type Platform } from '@dist/oci'
import { formatReference } from '@dist/reference'
import { type NamedRoot, referenceNamed } from './naming.js'

/**
 * The image as its one platform, the manifest as its root; as it is where none is asked for. A name by digest becomes
 * that of the manifest. Throws `NOT_FOUND` for a platform that the image does not offer.
 */
export async function onlyPlatform(
  image: Image,
  platform: Platform | undefined,
  provider: Provider,
): Promise<Image> {
  const root = { desc: image.desc, names: [image.name], selection: image.selection }
  const { desc, names, selection } = await renamedRoot(root, platform, provider)
  return { name: names[0] ?? image.name, desc, selection: selection ?? image.selection }
}

/** The same for an image with all of its names. */
export async function renamedRoot(
  root: NamedRoot,
  platform: Platform | undefined,
  provider: Provider,
): Promise<NamedRoot> {
  if (platform === undefined) return root
  const name = root.names[0] ?? root.desc.digest
  const desc = bareDescriptor(await selectManifest(root.desc, platform, provider, { name }))
  const names = root.names.map((each) => {
    const reference = referenceNamed(each)
    return reference?.digest === undefined ? each : formatReference({ ...reference, digest: desc.digest })
  })
  return { desc, names, selection: 'all' }
}
