import { openStore } from '@dist/wiring/store'
import type { CatalogueRegistry } from '../catalogue/start.js'
import type { Bucket } from '../distributed/bucket.js'
import { checkComplete } from '../measure.js'

/** What a store must hold: references and the numbers of their images. */
export interface Expected {
  readonly registry: CatalogueRegistry
  readonly references: readonly string[]
  /** The number of the image of the reference at an index. */
  imageOf(index: number): number
}

/** The images from a number on, below another one, each under its own tag. */
export function range(registry: CatalogueRegistry, from: number, to: number): Expected {
  return { registry, references: registry.references(from, to), imageOf: (index) => from + index }
}

/** Names that are read back from a bucket, where each costs a request. */
const sample = 200

/** Throws where a name or a blob is missing in the folder, or a name has another digest. */
export async function checkFolder(folder: string, expected: Expected, names: number): Promise<void> {
  checkComplete(folder, contentsOf(expected))
  await using store = await openStore({ store: folder }, {})
  const found = new Map<string, string>()
  for await (const { name, desc } of store.names.list()) found.set(name, desc.digest)
  if (found.size !== names) throw new Error(`${folder} has ${found.size} names, not ${names}`)
  check(expected, (name) => found.get(name), 1)
}

/** The same of a bucket, where not every name is read. */
export async function checkBucket(bucket: Bucket, prefix: string, expected: Expected): Promise<void> {
  await bucket.checkComplete(prefix, contentsOf(expected))
  await using store = await openStore({ store: bucket.gateway.url(prefix) }, bucket.env)
  const step = Math.ceil(expected.references.length / sample)
  const found = new Map<string, string>()
  for (let i = 0; i < expected.references.length; i += step) {
    const { name, desc } = await store.names.get(expected.references[i] ?? '')
    found.set(name, desc.digest)
  }
  check(expected, (name) => found.get(name), step)
}

function check(
  { registry, references, imageOf }: Expected,
  digestOf: (name: string) => string | undefined,
  step: number,
): void {
  for (let i = 0; i < references.length; i += step) {
    const name = references[i] ?? ''
    const { digest } = registry.catalogue.image(imageOf(i)).manifest.descriptor
    if (digestOf(name) !== digest) throw new Error(`${name} is ${digestOf(name)}, not ${digest}`)
  }
}

function contentsOf({ registry, references, imageOf }: Expected): Map<string, number> {
  const numbers = new Set(references.map((_, i) => imageOf(i)))
  const contents = new Map<string, number>()
  for (const number of numbers) {
    const { manifest, blobs } = registry.catalogue.image(number)
    for (const { descriptor } of [manifest, ...blobs]) contents.set(descriptor.digest, descriptor.size)
  }
  return contents
}
