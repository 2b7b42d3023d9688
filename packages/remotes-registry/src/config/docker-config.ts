import { promises as fs } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Credential, Credentials } from '../auth/credential.js'
import type { RunHelper } from './credential-helper.js'

export interface DockerCredentialsOptions {
  /** Configuration files, first come first served: the first that knows a host decides. Missing ones are passed over. */
  readonly files: readonly string[]
  /** Runs a credential helper. Default: `docker-credential-<name> get` from the PATH. */
  readonly runHelper?: RunHelper
}

interface DockerConfig {
  readonly auths: Readonly<Record<string, unknown>>
  readonly credHelpers: Readonly<Record<string, unknown>>
  readonly credsStore: string | undefined
}

/**
 * Credentials from docker's `config.json` (and podman's `auth.json`). For a host its helper in `credHelpers` is
 * asked, else `credsStore`, else `auths`. Throws `INVALID_ARGUMENT` for a file that is no such thing and
 * `UNAUTHENTICATED` for a helper that fails; no message holds a secret.
 */
export function dockerCredentials(options: DockerCredentialsOptions): Credentials {
  return async (host) => {
    for (const file of options.files) {
      const config = await readConfig(file)
      const credential = config === undefined ? undefined : await credentialIn(config, host, options)
      if (credential !== undefined) return credential
    }
    return undefined
  }
}

async function credentialIn(
  config: DockerConfig,
  host: string,
  options: DockerCredentialsOptions,
): Promise<Credential | undefined> {
  const names = namesOf(host)
  const helper = names.map((name) => config.credHelpers[name]).find((value) => typeof value === 'string')
  const program = helper ?? config.credsStore
  if (program !== undefined) {
    const run = options.runHelper ?? (await import('./credential-helper.js')).runHelper
    const found = await run(program, isDockerHub(host) ? 'https://index.docker.io/v1/' : host)
    if (found !== undefined) return found
  }
  const known = new Map(Object.entries(config.auths).map(([key, entry]) => [plainHost(key), entry]))
  const entry = names.map((name) => known.get(name)).find((value) => value !== undefined)
  return isRecord(entry) ? credentialOf(entry) : undefined
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  let document: unknown
  try {
    document = JSON.parse(await fs.readFile(file, 'utf8'))
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    // The parser's message quotes the file, which holds secrets.
    const why = code === undefined ? 'is not JSON' : `cannot be read (${code})`
    throw new DistError('INVALID_ARGUMENT', `${file} ${why}`)
  }
  if (!isRecord(document)) throw new DistError('INVALID_ARGUMENT', `${file} is not a JSON object`)
  const { auths, credHelpers, credsStore } = document
  return {
    auths: isRecord(auths) ? auths : {},
    credHelpers: isRecord(credHelpers) ? credHelpers : {},
    credsStore: typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined,
  }
}

const dockerHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

function isDockerHub(host: string): boolean {
  return dockerHub.includes(host)
}

/** How a host may be spelled; docker writes Docker Hub as `https://index.docker.io/v1/`. */
function namesOf(host: string): readonly string[] {
  return isDockerHub(host) ? ['https://index.docker.io/v1/', 'index.docker.io', ...dockerHub] : [host]
}

/** The host that a key of `auths` means: old ones are URLs. One with a path (`quay.io/org`) is for that path only. */
function plainHost(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/(?:v1|v2)?\/?$/, '')
}

/** An entry of `auths`. Undefined where it holds nothing, as docker leaves it for hosts whose secrets a store keeps. */
function credentialOf(entry: Record<string, unknown>): Credential | undefined {
  const { auth, username, password, identitytoken, registrytoken } = entry
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { kind: 'identity', token: identitytoken }
  if (typeof registrytoken === 'string' && registrytoken !== '')
    return { kind: 'registry', token: registrytoken }
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    // docker pads the password with NUL.
    if (colon > 0) return passwordOrToken(text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, ''))
  }
  if (typeof username === 'string' && typeof password === 'string' && username !== '')
    return passwordOrToken(username, password)
  return undefined
}

/** The user `<token>` says that the secret is an identity token. */
export function passwordOrToken(username: string, password: string): Credential {
  if (username === '<token>') return { kind: 'identity', token: password }
  return { kind: 'password', username, password }
}
