import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'
import { isObject, Members } from './members.js'

/** The maximum size of a configuration in bytes. Typical ones have some ten thousand. */
export const maxConfigSize = 4 * 1024 * 1024

/**
 * The configuration of an image: its properties, and how to run it. OCI's and Docker's have the same members. Missing
 * members are undefined.
 */
export interface ImageConfig {
  readonly os?: string | undefined
  readonly architecture?: string | undefined
  readonly variant?: string | undefined
  readonly osVersion?: string | undefined
  readonly osFeatures?: readonly string[] | undefined
  readonly author?: string | undefined
  /** Unparsed. */
  readonly created?: string | undefined
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIDs: readonly Digest[]
  readonly run: RunConfig
  /** Members of the wrong type, which are undefined above. Absent where there are none. */
  readonly oddities?: readonly Oddity[] | undefined
}

/** A member of the wrong type. */
export interface Oddity {
  /** As `User`; `config` where all of `run` is unreadable. */
  readonly member: string
  /** As `config sha256:...: config: User is not a string`. */
  readonly reason: string
}

/** How to run an image. */
export interface RunConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` and so on. */
  readonly user?: string | undefined
  /** Entries `NAME=value`. */
  readonly env?: readonly string[] | undefined
  /** A plain string, as old builders wrote it, is a list of one, as in docker. */
  readonly entrypoint?: readonly string[] | undefined
  /** As `entrypoint`. */
  readonly cmd?: readonly string[] | undefined
  readonly workingDir?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly stopSignal?: string | undefined
  /** Entries such as `8080/tcp`, unparsed. */
  readonly exposedPorts?: readonly string[] | undefined
  /** Docker only. */
  readonly hostname?: string | undefined
}

/**
 * Parses the configuration of an image. Members that are null count as missing, as Docker writes them. A member of the
 * wrong type is an oddity, since only the diffIDs are needed to unpack an image. `name` is for the error. Throws
 * `MALFORMED`, naming the member, for invalid JSON and invalid diffIDs.
 */
export function parseImageConfig(content: Uint8Array, name = 'config'): ImageConfig {
  const members = parseJson(content, name)
  const oddities: Oddity[] = []
  const document = new Members(members, name, (where, what, member) =>
    oddities.push({ member, reason: `${where} ${what}` }),
  )
  return {
    ...withoutUndefined({
      os: document.string('os'),
      architecture: document.string('architecture'),
      variant: document.string('variant'),
      osVersion: document.string('os.version'),
      osFeatures: document.strings('os.features'),
      author: document.string('author'),
      created: document.string('created'),
    }),
    diffIDs: diffIDsOf(members, name),
    run: runOf(document.object('config')),
    ...(oddities.length === 0 ? {} : { oddities }),
  }
}

function runOf(config: Members | undefined): RunConfig {
  if (config === undefined) return {}
  return withoutUndefined({
    user: config.string('User'),
    env: config.stringOrStrings('Env'),
    entrypoint: config.stringOrStrings('Entrypoint'),
    cmd: config.stringOrStrings('Cmd'),
    workingDir: config.string('WorkingDir'),
    labels: config.stringMap('Labels'),
    stopSignal: config.string('StopSignal'),
    exposedPorts: config.keys('ExposedPorts'),
    hostname: config.string('Hostname'),
  })
}

function diffIDsOf(members: Readonly<Record<string, unknown>>, name: string): Digest[] {
  const strictly = new Members(members, name, (where, what) => {
    throw malformed(where, what)
  })
  const rootfs = strictly.object('rootfs')
  if (rootfs === undefined) throw malformed(`${name}: rootfs`, 'is missing: not an image')
  const type = rootfs.string('type')
  if (type !== undefined && type !== 'layers')
    throw malformed(rootfs.where('type'), `is ${sanitize(JSON.stringify(type), 40)}, not "layers"`)
  return (rootfs.strings('diff_ids') ?? []).map((text, i) => {
    try {
      return parseDigest(text)
    } catch (cause) {
      if (!(cause instanceof DistError)) throw cause
      const code = cause.code === 'NOT_IMPLEMENTED' ? cause.code : 'MALFORMED'
      throw new DistError(code, `${rootfs.where(`diff_ids[${i}]`)}: ${cause.message}`, { cause })
    }
  })
}

function parseJson(content: Uint8Array, name: string): Record<string, unknown> {
  let document: unknown
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (cause) {
    const reason = sanitize(String((cause as Error).message), 120)
    throw new DistError('MALFORMED', `${name}: not JSON: ${reason}`, { cause })
  }
  if (!isObject(document)) throw malformed(name, 'is not a JSON object')
  return document
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Removes undefined members. */
function withoutUndefined<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>
}

function malformed(where: string, what: string): DistError {
  return new DistError('MALFORMED', `${where} ${what}`)
}
