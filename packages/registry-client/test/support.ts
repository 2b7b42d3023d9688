import { type Descriptor, digestOf, mediaTypes } from '@dist/oci'
import { parseReference, type Reference } from '@dist/reference'
import { type ScriptedRegistry, seededBuffer, startRegistry } from '@dist/testkit'
import { inject, onTestFinished } from 'vitest'
import { createRegistry, type Registry, type RegistryOptions, type RequestEvent } from '../src/index.js'

/** Shorter time-outs and delays for tests. */
export const shortWaits: RegistryOptions = {
  retry: { attempts: 3, firstDelay: 1, maxDelay: 4, maxRetryAfter: 40 },
  timeouts: { headers: 1_500, body: 400 },
}

declare module 'vitest' {
  interface ProvidedContext {
    /** As in `TransportOptions`: each project has its own, so that the tests run with both ways to receive bodies. */
    largeBody: number | undefined
  }
}

/** A client that is closed when the test is over. */
export function client(options: RegistryOptions = {}): Registry {
  const registry = createRegistry({ largeBody: inject('largeBody'), ...shortWaits, ...options })
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

/** A scripted registry that is closed when the test is over. */
export async function scripted(options: Parameters<typeof startRegistry>[0] = {}): Promise<ScriptedRegistry> {
  const registry = await startRegistry(options)
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

export function refTo(registry: ScriptedRegistry, rest: string): Reference {
  return parseReference(`${registry.host}/${rest}`)
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Puts a blob with `size` seeded bytes into `a/b`. */
export function seededBlob(
  registry: ScriptedRegistry,
  size: number,
): { desc: Descriptor; content: Uint8Array } {
  const content = seededBuffer(`blob of ${size}`, size)
  return { desc: registry.content.putBlob('a/b', content), content }
}

/** A manifest without layers. */
export function manifestOf(fields: object = {}): string {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 }
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [],
    ...fields,
  })
}

/** Puts a manifest into `a/b` under the tag `1`. */
export function putManifest(
  registry: ScriptedRegistry,
  content: string = manifestOf(),
  mediaType: string = mediaTypes.ociManifest,
): Descriptor {
  return registry.content.putManifest('a/b', content, mediaType, '1')
}

/** Collects the events of a client. */
export function watched(): { events: RequestEvent[]; onRequest: (event: RequestEvent) => void } {
  const events: RequestEvent[] = []
  return { events, onRequest: (event) => events.push(event) }
}
