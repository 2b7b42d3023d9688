import { execFileSync } from 'node:child_process'
import { pushImage } from '@dist/testkit/fixtures'
import type { LoggedRequest } from '../servers/access-log.js'
import { startRegistry } from '../servers/docker-registry.js'
import { startStaticRegistry } from '../servers/static-registry.js'
import type { Sample } from './images.js'

/** The registry that the demo pulls from. */
export interface Source {
  readonly host: string
  /** What serves it, for the reader. */
  readonly what: string
  /** The requests since the last call. */
  takeRequests(): Promise<readonly LoggedRequest[]>
  stop(): Promise<void>
}

/** Debian's docker-registry where it is installed, else one of our own that serves the images from memory. */
export async function startSource(samples: readonly Sample[]): Promise<Source> {
  const version = dockerRegistryVersion()
  return version === undefined ? await ownRegistry(samples) : await dockerRegistry(samples, version)
}

async function dockerRegistry(samples: readonly Sample[], version: string): Promise<Source> {
  const registry = await startRegistry()
  const takeRequests = async () => {
    await registry.settled()
    const requests = registry.requests()
    registry.clearRequests()
    return requests
  }
  try {
    for (const { name, image } of samples) {
      const [repository = '', tag = ''] = name.split(':')
      await pushImage(registry.url, repository, tag, image)
    }
    await takeRequests()
  } catch (error) {
    await registry.stop()
    throw error
  }
  return { host: registry.host, what: `docker-registry ${version}`, takeRequests, stop: registry.stop }
}

async function ownRegistry(samples: readonly Sample[]): Promise<Source> {
  const registry = await startStaticRegistry(new Map(samples.map(({ name, image }) => [name, image])))
  const takeRequests = async () => {
    const requests = registry.requests()
    registry.clearRequests()
    return requests
  }
  const what = 'a small registry of the demo itself (docker-registry is not installed)'
  return { host: registry.host, what, takeRequests, stop: registry.stop }
}

function dockerRegistryVersion(): string | undefined {
  try {
    const output = execFileSync('docker-registry', ['--version'], { encoding: 'utf8' })
    return output.trim().split(/\s+/).at(-1)?.replace(/\+.*/, '') ?? ''
  } catch {
    return undefined
  }
}
