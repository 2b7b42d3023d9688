import { promises as fs } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Credential, Credentials } from '../auth/credential.js'
import type { RunHelper } from './credential-helper.js'

export interface DockerCredentialsOptions {
  /** Configuration files, first come first served: the first that knows a host decides. Missing ones are passed over. */
  readonly files: readonly string[]
  /** Runs a credential helper. Default: `docker-credential-<name> get` from the PATH. */
  readonly runHelper?: RunHelper | undefined
}

interface DockerConfig {
  readonly auths: ReadonlyMap<string, Record<string, unknown>>
  readonly credHelpers: ReadonlyMap<string, string>
  readonly credsStore: string | undefined
}

/**
 * Credentials from docker's `config.json` (and podman's `auth.json`, containers-auth.json(5)). Keys may have a path: the
 * longest one that the repository begins with decides, then the host. For each key its helper in `credHelpers` is asked,
 * else `credsStore`, else `auths`; what a helper answers is remembered. Throws `INVALID_ARGUMENT` for a file that is no
 * such thing and `UNAUTHENTICATED` for a helper that fails; no message holds a secret.
 */
export function dockerCredentials(options: DockerCredentialsOptions): Credentials {
  const answers = new Map<string, Promise<Credential | undefined>>()
  const ask = (program: string, server: string, fresh: boolean) => {
    const key = `${program} ${server}`
    const answer = (fresh ? undefined : answers.get(key)) ?? runHelper(program, server, options)
    answers.set(key, answer)
    answer.catch(() => answers.delete(key))
    return answer
  }
  return async (host, { repository = '', fresh = false } = {}) => {
    for (const file of options.files) {
      const config = await readConfig(file)
      if (config === undefined) continue
      for (const names of namesOf(host, repository)) {
        const credential = await credentialIn(config, names, (program, server) => ask(program, server, fresh))
        if (credential !== undefined) return credential
      }
    }
    return undefined
  }
}

/** `names`: how the host, or a part of it, may be spelled as a key; helpers know it by the first. */
async function credentialIn(
  config: DockerConfig,
  names: readonly [string, ...string[]],
  ask: (program: string, server: string) => Promise<Credential | undefined>,
): Promise<Credential | undefined> {
  const entry = names.map((name) => config.auths.get(name)).find((value) => value !== undefined)
  const helper = names.map((name) => config.credHelpers.get(name)).find((value) => value !== undefined)
  // A store knows hosts; parts of them only where they were stored, which leaves an entry.
  const store = entry !== undefined || !isPart(names[0]) ? config.credsStore : undefined
  const program = helper ?? store
  const found = program === undefined ? undefined : await ask(program, names[0])
  return found ?? (entry === undefined ? undefined : credentialOf(entry))
}

async function runHelper(
  program: string,
  server: string,
  options: DockerCredentialsOptions,
): Promise<Credential | undefined> {
  const run = options.runHelper ?? (await import('./credential-helper.js')).runHelper
  return run(program, server)
}

async function readConfig(file: string): Promise<DockerConfig | undefined> {
  let document: unknown
  try {
    const text = (await fs.readFile(file, 'utf8')).replace(/^\uFEFF/, '').trim()
    document = text === '' ? {} : JSON.parse(text)
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    // The parser's message quotes the file, which holds secrets.
    const why = code === undefined ? 'is not JSON' : `cannot be read (${code})`
    throw new DistError('INVALID_ARGUMENT', `${file} ${why}`)
  }
  const config = document ?? {}
  if (!isRecord(config)) throw new DistError('INVALID_ARGUMENT', `${file} is not a JSON object`)
  const { auths, credHelpers, credsStore } = config
  return {
    auths: keyed(auths, isRecord),
    credHelpers: keyed(credHelpers, isFilled),
    credsStore: isFilled(credsStore) ? credsStore : undefined,
  }
}

/** The entries that hold something, by what their keys mean. A key in the form that docker writes comes first. */
function keyed<T>(value: unknown, isEntry: (entry: unknown) => entry is T): ReadonlyMap<string, T> {
  const found = new Map<string, T>()
  for (const [key, entry] of Object.entries(isRecord(value) ? value : {}))
    if (isEntry(entry) && !(found.has(plainKey(key)) && key !== plainKey(key)))
      found.set(plainKey(key), entry)
  return found
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

const dockerHub = ['index.docker.io', 'docker.io', 'registry-1.docker.io']

/**
 * The keys that may hold a repository's credential, the most specific first, each with its spellings: `host/team/app`,
 * `host/team`, `host`. docker writes Docker Hub as `https://index.docker.io/v1/`.
 */
function namesOf(host: string, repository: string): (readonly [string, ...string[]])[] {
  const isHub = dockerHub.includes(host)
  const parts = repository.split('/').filter((part) => part !== '')
  const prefixes = parts.map((_, i) => parts.slice(0, parts.length - i).join('/'))
  const below = (prefix: string): readonly [string, ...string[]] =>
    isHub
      ? [`docker.io/${prefix}`, `index.docker.io/${prefix}`, `registry-1.docker.io/${prefix}`]
      : [`${host}/${prefix}`]
  return [...prefixes.map(below), isHub ? ['https://index.docker.io/v1/', ...dockerHub] : [host]]
}

function isPart(name: string): boolean {
  return !name.includes('://') && name.includes('/')
}

/** What a key means: old ones are URLs, with the API's version behind the host. Of a host case does not count. */
function plainKey(key: string): string {
  const withoutVersion = key
    .replace(/\/+$/, '')
    .replace(/^https?:\/\/([^/]+)\/v[12](?=\/|$)/, '$1')
    .replace(/^([^/]+)\/v[12]$/, '$1')
  return withoutVersion.replace(/^https?:\/\//, '').replace(/^[^/]+/, (host) => host.toLowerCase())
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
