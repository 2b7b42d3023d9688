import type { Image, Provider } from '@dist/content'
import { selectManifest } from '@dist/images'
import { bareDescriptor, type Platform } from '@dist/oci'
import { formatReference } from '@dist/reference'
import { completeReference, type NamedRoot } from './naming.js'

/**
 * The image with the manifest of a platform as its root; unchanged if no platform is given. A digest in its name becomes that
 * of the manifest. Throws `NOT_FOUND` for a platform that the image does not have.
 */
export async function onlyPlatform(
  image: Image,
  platform: Platform | undefined,
  provider: Provider,
): Promise<Image> {
  if (platform === undefined) return image
  const root = { desc: image.desc, names: [image.name], selection: image.selection }
  const { desc, names, selection } = await selectPlatform(root, platform, provider)
  return { name: names[0] ?? image.name, desc, selection: selection ?? image.selection }
}

/** The same for a root with all of its names. */
export async function selectPlatform(
  root: NamedRoot,
  platform: Platform | undefined,
  provider: Provider,
): Promise<NamedRoot> {
  if (platform === undefined) return root
  const name = root.names[0] ?? root.desc.digest
  const desc = bareDescriptor(await selectManifest(root.desc, platform, provider, { name }))
  const names = root.names.map((each) => {
    const reference = completeReference(each)
    return reference?.digest === undefined ? each : formatReference({ ...reference, digest: desc.digest })
  })
  return { desc, names, selection: 'all' }
}
