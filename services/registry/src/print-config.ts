import { hostname } from 'node:os'
import { scanNames } from '@dist/content'
import { DistError, sanitize } from '@dist/errdefs'
import { type Flags, formatListen, readSettings, type Settings } from '@dist/settings'
import type { Environment } from '@dist/settings/command'
import { openStore } from '@dist/wiring/store'
import { type Client, type ClientConfig, clientConfig, clients } from './client-config/client-config.js'

/** The registries that an empty store may get images of. */
const usualHosts = ['docker.io', 'ghcr.io', 'quay.io', 'registry.k8s.io']

/**
 * The configuration that makes a client pull from a registry with these settings, for the registries of the names in its store.
 * Throws `INVALID_ARGUMENT`, also for an unknown client, and what opening the store throws.
 */
export async function configureClient(
  client: string,
  flags: Flags<'registry'>,
  env: Environment,
): Promise<ClientConfig> {
  if (!isClient(client))
    throw new DistError(
      'INVALID_ARGUMENT',
      `--print-config: one of ${clients.join(', ')} is expected, not ${sanitize(JSON.stringify(client), 60)}`,
    )
  const settings = await readSettings('registry', flags, env)
  const found = await hostsOf(settings, env)
  return clientConfig(client, {
    url: urlOf(settings),
    hosts: found.length === 0 ? usualHosts : found,
    signIn: settings.htpasswd !== undefined,
    defaultRegistry: settings.defaultRegistry,
  })
}

function isClient(text: string): text is Client {
  return (clients as readonly string[]).includes(text)
}

/** Where clients reach the registry. One that listens on all addresses has the name of this machine. */
function urlOf({ publicUrl, tlsCert, listen }: Settings<'registry'>): string {
  if (publicUrl !== undefined) return publicUrl
  const host = ['0.0.0.0', '::'].includes(listen.host) ? hostname() : listen.host
  return `${tlsCert === undefined ? 'http' : 'https'}://${formatListen({ host, port: listen.port })}`
}

/** The registries of the names in the store, sorted. */
async function hostsOf(settings: Settings<'registry'>, env: Environment): Promise<string[]> {
  await using store = await openStore(settings, env, { requests: settings.s3Requests })
  const hosts = new Set<string>()
  for await (const { name } of scanNames(store.names, '')) hosts.add(name.split('/', 1)[0] ?? '')
  return [...hosts].sort()
}
