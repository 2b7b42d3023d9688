import { startRegistry } from '@dist/testkit'
import {
  arm64Image,
  artifactOf,
  imageIndex,
  indexImage,
  ociImage,
  seededLayer,
  singleImage,
} from '@dist/testkit/fixtures'
import { expect } from 'vitest'
import type { Workspace } from './workspace.js'

/** Signatures of the index and of the image for one platform, as artifacts that name their subject. */
export const signature = artifactOf(indexImage, 'a signature')
export const sbom = artifactOf(indexImage, 'another artifact')
/** A signature in cosign's way, under a tag. */
export const cosigned = ociImage({ layers: [seededLayer('signed by cosign', 300)] })
export const cosignTag = `${indexImage.descriptor.digest.replace(':', '-')}.sig`
/** An index of which one platform is mirrored, with an image of its own for the other one. */
export const lackingImage = ociImage({
  layers: [seededLayer('of another platform', 700)],
  platform: { os: 'linux', architecture: 'riscv64' },
})
export const sparseIndex = imageIndex([arm64Image, lackingImage])
/** An image in a repository of its own. */
export const otherImage = ociImage({ layers: [seededLayer('other', 200_000)] })

/** The tags of the repository `app`, in the order of the specification. */
export const appTags = ['1', '2', 'b', 'C', 'd', cosignTag]

/** Fills a store with `app`, `sparse` and `other` of a registry. Resolves to the name of the registry in paths. */
export async function fillStore(
  workspace: Workspace,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  await using registry = await startRegistry({ referrers: 100 })
  const { content, host } = registry
  content.putImage('app', '1', indexImage)
  for (const tag of ['2', 'b', 'C', 'd']) content.putImage('app', tag, singleImage)
  for (const each of [signature, sbom]) content.putImage('app', each.descriptor.digest, each)
  content.putImage('app', cosignTag, cosigned)
  content.putImage('sparse', '1', sparseIndex)
  content.putImage('other', '1', otherImage)
  const pull = async (...args: readonly string[]) => {
    const ended = await workspace.dist(['pull', ...args], { env })
    expect(ended.code, ended.stderr).toBe(0)
  }
  const app = ['1', '2', 'b', 'C', 'd'].map((tag) => `${host}/app:${tag}`)
  await pull('--referrers', '--all-platforms', ...app, `${host}/other:1`)
  await pull('--platform', 'linux/arm64', `${host}/sparse:1`)
  return host.replace(':', '_')
}
