import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'
import { isObject, Members } from './members.js'

/** The largest configuration that is read, in bytes. Those in use have some ten thousand. */
export const maxConfigSize = 4 * 1024 * 1024

/**
 * What an image says about itself and about how it wants to be run: OCI's image configuration, of which Docker's has
 * the same members. What it does not say is undefined.
 */
export interface ImageConfig {
  readonly os?: string | undefined
  readonly architecture?: string | undefined
  readonly variant?: string | undefined
  readonly osVersion?: string | undefined
  readonly osFeatures?: readonly string[] | undefined
  readonly author?: string | undefined
  /** As it is written. */
  readonly created?: string | undefined
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIDs: readonly Digest[]
  readonly run: RunConfig
  /** What it says and nobody can read: left out above. Absent where there is nothing of the kind. */
  readonly oddities?: readonly Oddity[] | undefined
}

/** A member of odd type. */
export interface Oddity {
  /** As `User`; `config` where nothing of how it wants to be run can be read. */
  readonly member: string
  /** As `config sha256:...: config: User is not a string`. */
  readonly reason: string
}

/** How an image wants to be run. */
export interface RunConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` and so on. */
  readonly user?: string | undefined
  /** `NAME=value` each. */
  readonly env?: readonly string[] | undefined
  /** Of one that is a string, as builders of old wrote it, that string alone: so reads it docker. */
  readonly entrypoint?: readonly string[] | undefined
  /** As the entrypoint. */
  readonly cmd?: readonly string[] | undefined
  readonly workingDir?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly stopSignal?: string | undefined
  /** `8080/tcp` and so on, as they are written. */
  readonly exposedPorts?: readonly string[] | undefined
  /** Docker's. */
  readonly hostname?: string | undefined
}

/**
 * Reads an image's configuration. Members that are null count as absent, as Docker writes them. What does not have the
 * type that it should is an oddity: to unpack an image only its diffIDs have to be right. `name` is for the error. Throws
 * `MALFORMED`, naming the member, for what is no JSON and for diffIDs that are none.
 */
export function parseImageConfig(content: Uint8Array, name = 'config'): ImageConfig {
  const members = parseJson(content, name)
  const oddities: Oddity[] = []
  const document = new Members(members, name, (where, what, member) =>
    oddities.push({ member, reason: `${where} ${what}` }),
  )
  return {
    ...present({
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
  return present({
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
  if (rootfs === undefined) throw malformed(`${name}: rootfs`, 'is missing: this is no image')
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
    throw new DistError('MALFORMED', `${name} is not JSON: ${reason}`, { cause })
  }
  if (!isObject(document)) throw malformed(name, 'is not a JSON object')
  return document
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the members that are undefined. */
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>
}

function malformed(where: string, what: string): DistError {
  return new DistError('MALFORMED', `${where} ${what}`)
}
