import { forEachConcurrently } from '@dist/content'
import { pushImage } from '@dist/testkit/fixtures'
import { single } from '../workloads.js'

export const repository = 'bench/tags'

/** Images that the tags share: each tag has one of them. */
const images = 100

/** Pushes a few images, and puts their manifests under so many tags. */
export async function fillRepository(url: string, tags: number): Promise<void> {
  const pushed = Array.from({ length: Math.min(images, tags) }, (_, i) => single(`tags ${i}`, 1, 1024)).flat()
  for (const [i, image] of pushed.entries()) await pushImage(url, repository, `1.${i}.0`, image)
  await forEachConcurrently(Array(tags).keys(), 8, async (i) => {
    const image = pushed[i % pushed.length]
    if (image === undefined) throw new Error('no image to tag')
    const { status } = await fetch(`${url}/v2/${repository}/manifests/1.${i}.0`, {
      method: 'PUT',
      headers: { 'content-type': image.descriptor.mediaType },
      body: Buffer.from(image.content),
    })
    if (status !== 201) throw new Error(`tag ${i}: the registry answered ${status}`)
  })
}
