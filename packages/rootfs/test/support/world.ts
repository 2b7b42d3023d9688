import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContentStore, createStore, MemoryDriver } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { type Descriptor, mediaTypes } from '@dist/oci'
import { Snapshots } from '@dist/rootfs'
import {
  allContent,
  type FixtureBlob,
  type FixtureImage,
  type FixtureLayer,
  fixtureBlob,
} from '@dist/testkit'
import { afterEach, beforeEach, expect } from 'vitest'

/** A store in memory, and a directory for snapshots and bundles. */
export class World {
  readonly store: ContentStore = createStore(new MemoryDriver())
  readonly root = mkdtempSync(join(tmpdir(), 'rootfs-'))
  readonly snapshots = new Snapshots(join(this.root, 'snapshots'))

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  async put(...blobs: readonly FixtureBlob[]): Promise<void> {
    for (const { descriptor, open } of blobs) {
      await using writer = await this.store.writer(descriptor.digest, descriptor)
      for (const chunk of open()) await writer.write(Uint8Array.from(chunk))
      await writer.commit()
    }
  }

  async putImage(image: FixtureImage): Promise<Descriptor> {
    for (const blob of allContent(image)) if (!(await this.has(blob.descriptor))) await this.put(blob)
    return image.descriptor
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return await this.store.info(digest).then(
      () => true,
      () => false,
    )
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** A new world for each test of the file. */
export function useWorld(): () => World {
  let world: World | undefined
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world?.remove())
  return () => world ?? expect.unreachable('outside of a test')
}

/** An image with exactly this configuration. */
export function imageWith(
  config: unknown,
  layers: readonly FixtureLayer[],
  configType?: string,
): FixtureImage {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  const blob = fixtureBlob(text, configType ?? mediaTypes.ociConfig)
  const document = {
    schemaVersion: 2,
    config: blob.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  }
  const { descriptor, open } = fixtureBlob(JSON.stringify(document), mediaTypes.ociManifest)
  return { descriptor, content: Buffer.concat([...open()]), blobs: [blob, ...layers], children: [] }
}

/** The error of a rejected promise, which must be a DistError. */
export async function rejection(promise: Promise<unknown>): Promise<DistError> {
  const error = await promise.then(
    () => expect.unreachable('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DistError)
  return error as DistError
}

/** The error of a call, which must be a DistError. */
export function errorOf(call: () => unknown): Promise<DistError> {
  return rejection((async () => call())())
}
