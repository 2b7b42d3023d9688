import { digestsOf, type FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'
import { rehash } from './store-files.js'
import type { Workspace } from './workspace.js'

/** Asserts that the registry has the image, byte for byte, as skopeo and as `dist pull` read it. */
export async function expectPushed(
  workspace: Workspace,
  reference: string,
  image: FixtureImage,
): Promise<void> {
  const raw = await workspace.shell(`skopeo inspect --raw --tls-verify=false docker://${reference}`)
  expect(raw).toMatchObject({ code: 0, stderr: '' })
  expect(raw.bytes).toEqual(Buffer.from(image.content))
  const store = `${workspace.store}-read-back-${image.descriptor.digest.slice(7, 19)}`
  const pulled = await workspace.dist(['pull', '--all-platforms', '--store', store, reference])
  expect(pulled).toMatchObject({ code: 0 })
  expect(await rehash(store)).toEqual(digestsOf(image))
}
