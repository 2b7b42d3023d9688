import { allContent, pushImage } from '@dist/testkit/fixtures'
import type { LoggedRequest } from '@dist/testkit/servers'
import { startRegistry, startStaticRegistry } from '@dist/testkit/servers'
import type { Sample } from './images.js'
import { versionOf } from './versions.js'

/** The registry that the demo pulls from. */
export interface Source {
  readonly host: string
  /** What serves it, for the reader. */
  readonly name: string
  /** The requests since the last call. */
  takeRequests(): Promise<readonly LoggedRequest[]>
  stop(): Promise<void>
}

/** Debian's docker-registry where it is installed, else one of our own that serves the images from memory. */
export async function startSource(samples: readonly Sample[], signal: AbortSignal): Promise<Source> {
  const version = versionOf('docker-registry')
  return version === undefined ? await ownRegistry(samples) : await dockerRegistry(samples, version, signal)
}

async function dockerRegistry(
  samples: readonly Sample[],
  version: string,
  signal: AbortSignal,
): Promise<Source> {
  const registry = await startRegistry()
  const takeRequests = async () => {
    await registry.settled()
    const requests = registry.requests()
    registry.clearRequests()
    return requests
  }
  try {
    await pushAll(samples, registry.url, signal)
    await takeRequests()
  } catch (error) {
    await registry.stop()
    throw error
  }
  return { host: registry.host, name: `docker-registry ${version}`, takeRequests, stop: registry.stop }
}

async function pushAll(samples: readonly Sample[], url: string, signal: AbortSignal): Promise<void> {
  const homes = new Map<string, string>()
  for (const { name, image } of samples) {
    signal.throwIfAborted()
    const [repository = '', tag = ''] = name.split(':')
    for (const { descriptor } of allContent(image)) {
      const home = homes.get(descriptor.digest) ?? repository
      homes.set(descriptor.digest, home)
      if (home !== repository) await mount(url, repository, descriptor.digest, home)
    }
    await pushImage(url, repository, tag, image)
  }
}

/** Lets a repository have what another one has, so that it is not sent once more. What cannot be had so is pushed. */
async function mount(url: string, repository: string, digest: string, from: string): Promise<void> {
  const query = new URLSearchParams({ mount: digest, from })
  const answer = await fetch(`${url}/v2/${repository}/blobs/uploads/?${query}`, { method: 'POST' })
  await answer.arrayBuffer()
}

async function ownRegistry(samples: readonly Sample[]): Promise<Source> {
  const registry = await startStaticRegistry(new Map(samples.map(({ name, image }) => [name, image])))
  const takeRequests = async () => {
    const requests = registry.requests()
    registry.clearRequests()
    return requests
  }
  const name = 'a registry of ours'
  return { host: registry.host, name, takeRequests, stop: registry.stop }
}
