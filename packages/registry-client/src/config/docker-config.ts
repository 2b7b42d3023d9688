import { promises as fs } from 'node:fs'
import { DistError, errnoOf } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import type { Credential, Credentials } from '../auth/credential.js'
import type { RunHelper } from './credential-helper.js'

export interface DockerCredentialsOptions {
  /** Configuration files: the first with a credential for the host decides. Missing files are skipped. */
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
 * longest prefix of the repository decides, then the host (R31). For each key: its helper in `credHelpers`, else
 * `credsStore`, else `auths`; answers of helpers are cached. Throws `INVALID_ARGUMENT` for an invalid file and
 * `UNAUTHENTICATED` for a helper that fails; no message contains a secret.
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

/** `names`: the spellings of a host, or of a part of it, as a key. Helpers get the first. */
async function credentialIn(
  config: DockerConfig,
  names: readonly [string, ...string[]],
  ask: (program: string, server: string) => Promise<Credential | undefined>,
): Promise<Credential | undefined> {
  const entry = names.map((name) => config.auths.get(name)).find((value) => value !== undefined)
  const helper = names.map((name) => config.credHelpers.get(name)).find((value) => value !== undefined)
  // A store has hosts. It has a part of a host only with an entry in `auths`, which storing leaves behind.
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
    // The parser's message quotes the file, which contains secrets.
    const why = code === undefined ? 'not JSON' : `cannot be read (${code})`
    throw new DistError('INVALID_ARGUMENT', `${file}: ${why}`)
  }
  const config = document ?? {}
  if (!isRecord(config)) throw new DistError('INVALID_ARGUMENT', `${file}: not a JSON object`)
  const { auths, credHelpers, credsStore } = config
  return {
    auths: entriesOf(auths, isRecord),
    credHelpers: entriesOf(credHelpers, isFilled),
    credsStore: isFilled(credsStore) ? credsStore : undefined,
  }
}

/** The valid entries by their normalized keys. A key in the form that docker writes takes precedence. */
function entriesOf<T>(value: unknown, isEntry: (entry: unknown) => entry is T): ReadonlyMap<string, T> {
  const found = new Map<string, T>()
  for (const [key, entry] of Object.entries(isRecord(value) ? value : {}))
    if (isEntry(entry) && !(found.has(normalizeKey(key)) && key !== normalizeKey(key)))
      found.set(normalizeKey(key), entry)
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

/** Normalizes a key: old keys are URLs with the API's version behind the host. Hosts are case-insensitive. */
export function normalizeKey(key: string): string {
  const withoutVersion = key
    .replace(/\/+$/, '')
    .replace(/^https?:\/\/([^/]+)\/v[12](?=\/|$)/, '$1')
    .replace(/^([^/]+)\/v[12]$/, '$1')
  return withoutVersion.replace(/^https?:\/\//, '').replace(/^[^/]+/, (host) => host.toLowerCase())
}

/** The credential in an entry of `auths`. Undefined if it is empty, as for hosts whose secrets are in a store. */
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

/** The user `<token>` marks the secret as an identity token. */
export function passwordOrToken(username: string, password: string): Credential {
  if (username === '<token>') return { kind: 'identity', token: password }
  return { kind: 'password', username, password }
}
