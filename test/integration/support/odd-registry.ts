import { type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { allContent, type FixtureImage } from '@dist/testkit/fixtures'
import { expect, onTestFinished } from 'vitest'

/** A registry that ends with its test. */
export async function registry(options: Parameters<typeof startRegistry>[0] = {}): Promise<ScriptedRegistry> {
  const started = await startRegistry(options)
  onTestFinished(() => started[Symbol.asyncDispose]())
  return started
}

/** A registry with an image as `app:1`. */
export async function holding(
  image: FixtureImage,
  options: Parameters<typeof startRegistry>[0] = {},
): Promise<ScriptedRegistry> {
  const started = await registry(options)
  started.content.putImage('app', '1', image)
  return started
}

/** Asserts that the registry has the image as `t`, with everything below it. */
export function expectWhole(at: ScriptedRegistry, repository: string, image: FixtureImage): void {
  const { digest } = image.descriptor
  expect(at.content.find(repository, 'manifests', 't')?.digest).toBe(digest)
  for (const { descriptor } of allContent(image)) {
    const kind = /manifest|index/.test(descriptor.mediaType) ? 'manifests' : 'blobs'
    expect(at.content.find(repository, kind, descriptor.digest)?.digest).toBe(descriptor.digest)
  }
}

export const HEAD = { method: 'HEAD' } as const
