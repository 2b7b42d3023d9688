import { type Dirent, promises as fs } from 'node:fs'
import { join } from 'node:path'
import { DistError, errnoOf } from '@dist/errdefs'
import { defaultEndpoint, type Endpoint, type TlsMaterial } from '../endpoint.js'

/**
 * The endpoints of a host by containerd's `certs.d` convention. The first directory with an entry for the host
 * (`host_port_`, `host:port`, then `_default`) decides. If the entry has a `hosts.toml`, only that is read; otherwise its
 * `*.crt` are authorities, its `*.cert` and `*.key` client certificates, as in docker. Without an entry: undefined.
 * Each endpoint names the file for its settings. Throws `INVALID_ARGUMENT` for a file that cannot be read.
 */
export async function hostsFromDirectories(
  directories: readonly string[],
  host: string,
): Promise<readonly Endpoint[] | undefined> {
  for (const root of directories) {
    for (const name of directoryNames(host)) {
      const directory = join(root, name)
      const entries = await list(directory)
      if (entries === undefined) continue
      const hostsFile = join(directory, 'hosts.toml')
      if (!entries.some((entry) => entry.name === 'hosts.toml'))
        return [{ ...(await readDockerFiles(directory, entries, host)), hostsFile }]
      const { hostsFromToml } = await import('./hosts-toml.js')
      return hostsFromToml(hostsFile, host)
    }
  }
  return undefined
}

/** The endpoint of a host without an entry in the directories. It names the file for its settings in the first one. */
export function unlistedHost([root]: readonly string[], host: string): Endpoint {
  const [name = host] = directoryNames(host)
  const file = root === undefined ? {} : { hostsFile: join(root, name, 'hosts.toml') }
  return { ...defaultEndpoint(host), ...file }
}

/** The possible names of a host's directory. The first is for file systems without colons in names. */
function directoryNames(host: string): string[] {
  const withoutColon = host.replace(/:(\d+)$/, '_$1_')
  return [...new Set([withoutColon, host, '_default'])]
}

async function list(directory: string): Promise<Dirent[] | undefined> {
  try {
    return await fs.readdir(directory, { withFileTypes: true })
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadableError(directory, cause)
  }
}

async function readDockerFiles(
  directory: string,
  entries: readonly Dirent[],
  host: string,
): Promise<Endpoint> {
  const names = entries.map(({ name }) => name).sort()
  const ca = await Promise.all(
    names.filter((name) => name.endsWith('.crt')).map((name) => readPem(join(directory, name))),
  )
  const client = await Promise.all(
    names
      .filter((name) => name.endsWith('.cert'))
      .map(async (name) => ({
        cert: await readPem(join(directory, name)),
        key: await readPem(join(directory, name.replace(/\.cert$/, '.key'))),
      })),
  )
  const tls: TlsMaterial = {
    ...(ca.length > 0 ? { ca } : {}),
    ...(client.length > 0 ? { client } : {}),
  }
  const endpoint = defaultEndpoint(host)
  if (Object.keys(tls).length === 0) return endpoint
  // An authority for a loopback host implies TLS.
  return { ...endpoint, url: endpoint.url.replace(/^http:/, 'https:'), tls }
}

/** Reads a file with keys or certificates. Throws `INVALID_ARGUMENT` if it cannot be read. */
export async function readPem(path: string): Promise<string> {
  try {
    return await fs.readFile(path, 'utf8')
  } catch (cause) {
    throw unreadableError(path, cause)
  }
}

export function unreadableError(path: string, cause: unknown): DistError {
  return new DistError('INVALID_ARGUMENT', `${path}: cannot be read (${errnoOf(cause) ?? 'unknown error'})`, {
    cause,
  })
}
