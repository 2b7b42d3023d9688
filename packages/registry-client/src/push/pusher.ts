import { createIngester, type Ingester } from '@dist/content'
import { DistError } from '@dist/errdefs'
import { formatLocator, type Locator } from '@dist/reference'
import type { Pusher } from '@dist/remotes'
import type { Endpoint } from '../endpoint.js'
import type { Transport } from '../transport.js'
import { blobDriver } from './driver.js'
import { existingManifest, hasBlob } from './existing.js'
import { putManifest } from './manifest.js'
import { mountBlob } from './mount.js'
import { keyOf, type PushMemory, type PushPlace } from './place.js'
import { Serial } from './serial.js'
import { cancelUpload } from './upload.js'

export interface PusherOptions {
  readonly transport: Transport
  readonly endpoints: () => Promise<readonly Endpoint[]>
  readonly locator: Locator
  readonly chunkSize: number | undefined
  readonly memory: PushMemory
}

// More than are ever looked for at once; what is forgotten costs a question.
const rememberedMissing = 100_000

export function createPushMemory(): PushMemory {
  return { opened: new Map(), missing: new Set(), tags: new Serial() }
}

/** Pushes into one repository, at the first endpoint that takes pushes. */
export function createPusher(options: PusherOptions): Pusher {
  const place = () => placeOf(options)
  const ingester: Ingester = {
    writer: async (ref, expected, o) => createIngester(blobDriver(await place())).writer(ref, expected, o),
  }
  return {
    resolve: async (object, { signal } = {}) => existingManifest(await place(), object, signal),
    has: async (desc, { signal } = {}) => {
      const there = await place()
      const has = await hasBlob(there, desc, signal)
      if (!has) remember(there.memory.missing, keyOf(there, desc.digest))
      return has
    },
    mount: async (desc, from, { signal } = {}) => mountBlob(await place(), desc, from, signal),
    forget: async (desc) => {
      const there = await place()
      remember(there.memory.missing, keyOf(there, desc.digest))
    },
    ingester,
    put: async (desc, content, o = {}) => putManifest(await place(), desc, content, o),
  }
}

/** Cancels the uploads that nobody went on with. */
export async function forgetUploads(memory: PushMemory): Promise<void> {
  const uploads = [...memory.opened.values()]
  memory.opened.clear()
  await Promise.all(uploads.map(({ place, upload }) => cancelUpload({ place, what: 'upload' }, upload)))
}

/** Where containerd would push to, too: mirrors that may be pushed to come before the registry itself. */
async function placeOf({ endpoints, ...parts }: PusherOptions): Promise<PushPlace> {
  const endpoint = (await endpoints()).find(({ capabilities }) => capabilities.includes('push'))
  if (endpoint !== undefined) return { ...parts, endpoint }
  throw new DistError(
    'INVALID_ARGUMENT',
    `${formatLocator(parts.locator)}: no endpoint is configured that can push (capabilities in hosts.toml)`,
  )
}

function remember(missing: Set<string>, key: string): void {
  if (missing.size >= rememberedMissing) missing.clear()
  missing.add(key)
}
