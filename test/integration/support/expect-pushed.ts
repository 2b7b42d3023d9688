import { digestOf, hasChildren } from '@dist/oci'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { expect } from 'vitest'

/** Asserts that a registry on plain http has the image, byte for byte: each object is read without code of the client. */
export async function expectPushed(reference: string, image: FixtureImage): Promise<void> {
  const [, host, repository, object] = /^([^/]+)\/(.+?)[:@]([^/]+)$/.exec(reference) ?? []
  const read = async (accept: string, name: string) => {
    const kind = hasChildren(accept) ? 'manifests' : 'blobs'
    const response = await fetch(`http://${host}/v2/${repository}/${kind}/${name}`, { headers: { accept } })
    expect([name, response.status]).toEqual([name, 200])
    return Buffer.from(await response.arrayBuffer())
  }
  expect(await read(image.descriptor.mediaType, object ?? '')).toEqual(Buffer.from(image.content))
  for (const { descriptor } of allContent(image))
    expect(digestOf(await read(descriptor.mediaType, descriptor.digest))).toBe(descriptor.digest)
}
