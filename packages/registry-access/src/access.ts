import { DistError } from '@dist/errdefs'
import type { Gate } from '@dist/registry-server'
import { formatListen, isLoopback, type ListenAddress } from '@dist/settings'
import {
  type AccessLog,
  type Compare,
  type PasswordFile,
  parseHtpasswd,
  readNamed,
  SignIn,
  ThreadComparer,
  trustProxies,
  type Watched,
  watchFiles,
} from '@dist/sign-in'
import { Doorman } from './doorman.js'
import { openGate } from './open-gate.js'
import { allRights, parseRights, type Rights } from './rights/rights.js'
import { signedGate } from './signed-gate.js'
import { type TokenEndpoint, tokenEndpoint } from './token/endpoint.js'
import { makeTokenKey, parseTokenKey, type TokenKey } from './token/key.js'
import { Tokens } from './token/token.js'

/** Who may read, and over what, as the settings say it. */
export interface AccessSettings {
  readonly listen: ListenAddress
  /** Whether all clients that reach the server may read. Default: false. */
  readonly anonymous?: boolean | undefined
  /** The file with users and passwords. Default: no sign-in. */
  readonly htpasswd?: string | undefined
  /** The file with the rights of users. Default: every user may read everything. */
  readonly rights?: string | undefined
  /** The file with the key that signs tokens, the same for all instances. Default: a key that only this process has. */
  readonly tokenKey?: string | undefined
  /** Where clients reach the server, without a slash at its end: `https://mirror.example.com`. Default: what their requests say. */
  readonly publicUrl?: string | undefined
  /** Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined
  /** Requests per second of one client. Default: no limit. */
  readonly clientRate?: number | undefined
  /** The files of the certificate and its key. Default: plain http. */
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

export interface AccessOptions {
  readonly log: AccessLog
  /** Milliseconds between two looks at the files. Default: 1000. */
  readonly interval?: number | undefined
  /** Default: in a thread. */
  readonly compare?: Compare | undefined
}

/** Who may read: the gate of the registry server, and where users sign in the endpoint of their tokens. */
export interface RegistryAccess extends AsyncDisposable {
  readonly gate: Gate
  readonly tokens?: TokenEndpoint | undefined
}

/**
 * Throws `INVALID_ARGUMENT` for settings that contradict each other, and for an address other than loopback where neither
 * sign-in nor `anonymous` is set.
 */
export function checkAccess(settings: AccessSettings): void {
  const { anonymous = false, htpasswd, listen } = settings
  const invalid = (what: string) => new DistError('INVALID_ARGUMENT', what)
  if (anonymous && htpasswd !== undefined)
    throw invalid('--anonymous and --htpasswd exclude each other: users sign in, or no sign-in is needed')
  for (const [flag, value] of [
    ['--rights', settings.rights],
    ['--token-key', settings.tokenKey],
  ] as const)
    if (value !== undefined && htpasswd === undefined)
      throw invalid(`${flag} needs --htpasswd: it is about users`)
  if ((settings.tlsCert === undefined) !== (settings.tlsKey === undefined))
    throw invalid('--tls-cert and --tls-key belong together: give both')
  if (htpasswd === undefined && !anonymous && !isLoopback(listen))
    throw invalid(
      `--listen ${formatListen(listen)}: an address other than loopback needs --htpasswd FILE, or --anonymous to let every client read`,
    )
}

/**
 * Opens the files and builds the gate. Passwords and rights are read again when their files change. Throws `INVALID_ARGUMENT`
 * when a file cannot be used.
 */
export async function openAccess(settings: AccessSettings, options: AccessOptions): Promise<RegistryAccess> {
  const doorman = new Doorman(trustProxies(settings.trustedProxies ?? []), settings.clientRate)
  if (settings.htpasswd === undefined)
    return {
      gate: openGate(doorman, { loopbackOnly: !settings.anonymous }),
      [Symbol.asyncDispose]: async () => {},
    }
  return await openSigned(settings, settings.htpasswd, doorman, options)
}

async function openSigned(
  settings: AccessSettings,
  htpasswd: string,
  doorman: Doorman,
  options: AccessOptions,
): Promise<RegistryAccess> {
  if (isReadable(settings))
    options.log.warn('passwords are sent in plain text: give --tls-cert, or let a proxy do TLS')
  const tokens = new Tokens(await tokenKeyOf(settings.tokenKey, options.log))
  const users = await watchFiles([htpasswd], () => loadPasswords(htpasswd), options)
  const rights = await watchRights(settings.rights, options).catch((error: unknown) => {
    users[Symbol.dispose]()
    throw error
  })
  const comparer = new ThreadComparer()
  const parts = {
    doorman,
    signIn: new SignIn(() => users.current, options.compare ?? comparer.compare),
    tokens,
    rights: () => rights?.current ?? allRights,
    publicUrl: settings.publicUrl,
  }
  return {
    gate: signedGate(parts),
    tokens: tokenEndpoint(parts),
    [Symbol.asyncDispose]: async () => {
      users[Symbol.dispose]()
      rights?.[Symbol.dispose]()
      await comparer[Symbol.asyncDispose]()
    },
  }
}

/** Whether the network can read what clients send, as far as the settings tell. */
function isReadable({ listen, tlsCert, trustedProxies = [], publicUrl = '' }: AccessSettings): boolean {
  const isBehindProxy = trustedProxies.length > 0 || publicUrl.startsWith('https:')
  return tlsCert === undefined && !isBehindProxy && !isLoopback(listen)
}

async function tokenKeyOf(path: string | undefined, log: AccessLog): Promise<TokenKey> {
  if (path !== undefined) return parseTokenKey(await readNamed('--token-key', path), path)
  log.warn('only this instance accepts its tokens: give all instances the same --token-key')
  return makeTokenKey()
}

async function loadPasswords(path: string): Promise<PasswordFile> {
  return parseHtpasswd(await readNamed('--htpasswd', path), path)
}

async function watchRights(
  path: string | undefined,
  options: AccessOptions,
): Promise<Watched<Rights> | undefined> {
  if (path === undefined) return undefined
  const load = async () => await parseRights(await readNamed('--rights', path), path)
  return await watchFiles([path], load, options)
}
