import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DistError, errnoOf, sanitize } from '@dist/errdefs'
import { isRecord } from '@dist/oci'
import { basicAuthorization } from '../auth/credential.js'
import { normalizeKey } from './docker-config.js'

export interface StoredCredential {
  readonly username: string
  readonly password: string
}

/** Where a credential is kept: the configuration file itself, or the credential helper that the file names. */
export interface CredentialPlace {
  readonly file: string
  readonly helper?: string | undefined
}

type Config = Record<string, unknown>

const dockerHub = ['index.docker.io', 'docker.io', 'registry-1.docker.io']
const dockerHubKey = 'https://index.docker.io/v1/'

/**
 * Stores a credential as `docker login` does: with the helper that the file names for the host (`credHelpers`, else
 * `credsStore`), else as `auth` in the file. Other fields of the file are kept. The file is replaced atomically and has
 * mode 0600. Throws `INVALID_ARGUMENT` for a file that is not such a configuration, `PERMISSION_DENIED` for a file that
 * cannot be written, `UNAVAILABLE` for a helper that fails.
 */
export async function storeCredential(
  file: string,
  host: string,
  { username, password }: StoredCredential,
): Promise<CredentialPlace> {
  const config = await readConfig(file)
  const key = keyOf(host)
  const helper = helperOf(config, host)
  if (helper !== undefined)
    await runHelper(helper, 'store', JSON.stringify({ ServerURL: key, Username: username, Secret: password }))
  const auth = basicAuthorization(username, password).replace(/^Basic /, '')
  const auths = { ...withoutHost(config.auths, host), [key]: helper === undefined ? { auth } : {} }
  await writeConfig(file, { ...config, auths })
  return { file, helper }
}

/**
 * Erases the credential of a host where `storeCredential` stores it. Undefined where none is stored. Throws as
 * `storeCredential`.
 */
export async function eraseCredential(file: string, host: string): Promise<CredentialPlace | undefined> {
  const config = await readConfig(file)
  const helper = helperOf(config, host)
  const erased = helper !== undefined && (await eraseWith(helper, keyOf(host)))
  const known = isRecord(config.auths) ? config.auths : {}
  const auths = withoutHost(known, host)
  const isListed = Object.keys(auths).length < Object.keys(known).length
  if (isListed) await writeConfig(file, { ...config, auths })
  return erased || isListed ? { file, helper } : undefined
}

function isHub(host: string): boolean {
  return dockerHub.includes(host)
}

/** docker writes Docker Hub as `https://index.docker.io/v1/`, and every other registry as its host. */
function keyOf(host: string): string {
  return isHub(host) ? dockerHubKey : host
}

function isOfHost(key: string, host: string): boolean {
  const plain = normalizeKey(key)
  return isHub(host) ? dockerHub.includes(plain) : plain === host.toLowerCase()
}

function withoutHost(entries: unknown, host: string): Config {
  const known = isRecord(entries) ? entries : {}
  return Object.fromEntries(Object.entries(known).filter(([key]) => !isOfHost(key, host)))
}

function helperOf({ credHelpers, credsStore }: Config, host: string): string | undefined {
  const own = Object.entries(isRecord(credHelpers) ? credHelpers : {}).find(([key]) => isOfHost(key, host))
  const name = own?.[1] ?? credsStore
  return typeof name === 'string' && name !== '' ? name : undefined
}

async function readConfig(file: string): Promise<Config> {
  let document: unknown
  try {
    const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '').trim()
    document = text === '' ? {} : JSON.parse(text)
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === 'ENOENT') return {}
    // The parser's message quotes the file, which contains secrets.
    const why = errno === undefined ? 'not JSON' : `cannot be read (${errno})`
    throw new DistError('INVALID_ARGUMENT', `${sanitize(file)}: ${why}`)
  }
  if (isRecord(document)) return document
  throw new DistError('INVALID_ARGUMENT', `${sanitize(file)}: not a JSON object`)
}

/** Replaces the file that a link leads to, not the link. */
async function writeConfig(file: string, config: Config): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const target = await realpath(file).catch(() => file)
    const temporary = `${target}.${randomUUID().slice(0, 8)}`
    try {
      await using handle = await open(temporary, 'wx', 0o600)
      await handle.writeFile(`${JSON.stringify(config, null, '\t')}\n`)
      await handle.sync()
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  } catch (cause) {
    const errno = errnoOf(cause) ?? 'unknown error'
    throw new DistError('PERMISSION_DENIED', `${sanitize(file)}: cannot be written (${errno})`, { cause })
  }
}

async function eraseWith(helper: string, key: string): Promise<boolean> {
  const { code, output } = await run(helper, 'get', key)
  if (code !== 0 && output.includes('credentials not found')) return false
  await runHelper(helper, 'erase', key)
  return true
}

async function runHelper(helper: string, action: 'store' | 'erase', input: string): Promise<void> {
  const { code } = await run(helper, action, input)
  // Its output may contain the secret.
  if (code !== 0)
    throw new DistError('UNAVAILABLE', `docker-credential-${helper} ${action}: failed (exit ${code})`)
}

const helperTimeoutMs = 30_000

/** Runs `docker-credential-<helper> <action>` with its input on stdin (docker/docker-credential-helpers). */
async function run(
  helper: string,
  action: string,
  input: string,
): Promise<{ code: number | null; output: string }> {
  // A path in the name would run another program.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper))
    throw new DistError(
      'INVALID_ARGUMENT',
      `"${sanitize(helper, 60)}" is not the name of a credential helper`,
    )
  const program = `docker-credential-${helper}`
  // Few commands run a program.
  const { spawn } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    const child = spawn(program, [action], { stdio: ['pipe', 'pipe', 'ignore'], timeout: helperTimeoutMs })
    let output = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      output = (output + text).slice(0, 64 * 1024)
    })
    // A helper may end before it has read its input.
    child.stdin.on('error', () => {})
    child.on('error', (cause) => {
      const why =
        errnoOf(cause) === 'ENOENT' ? 'not installed, but the configuration names it' : 'cannot be run'
      reject(new DistError('UNAVAILABLE', `${program}: ${why}`, { cause }))
    })
    child.on('close', (code) => resolve({ code, output }))
    child.stdin.end(`${input}\n`)
  })
}
