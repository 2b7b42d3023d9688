import { DistError, sanitize } from '@dist/errdefs'
import { type Digest, parseDigest } from '@dist/oci'

/** The largest configuration that is read, in bytes. Those in use have some ten thousand. */
export const maxConfigSize = 4 * 1024 * 1024

/**
 * What an image says about itself and about how it wants to be run: OCI's image configuration, of which Docker's has
 * the same members. What it does not say is undefined.
 */
export interface ImageConfig {
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: readonly string[]
  readonly author?: string
  /** As it is written. */
  readonly created?: string
  /** Digests of the uncompressed layers, the lowest first. */
  readonly diffIDs: readonly Digest[]
  readonly run: RunConfig
}

/** How an image wants to be run. */
export interface RunConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` and so on. */
  readonly user?: string
  /** `NAME=value` each. */
  readonly env?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly workingDir?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly stopSignal?: string
  /** `8080/tcp` and so on, as they are written. */
  readonly exposedPorts?: readonly string[]
  /** Docker's. */
  readonly hostname?: string
}

/**
 * Reads an image's configuration. Members that are null count as absent, as Docker writes them. `name` is for the
 * error. Throws `MALFORMED`, naming the member, for what is no JSON or has other types than it may.
 */
export function parseImageConfig(content: Uint8Array, name = 'config'): ImageConfig {
  const document = new Members(parseJson(content, name), name)
  const rootfs = document.object('rootfs')
  if (rootfs === undefined) throw malformed(`${name}: rootfs`, 'is missing: this is no image')
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
    diffIDs: diffIDsOf(rootfs),
    run: runOf(document.object('config') ?? new Members({}, name)),
  }
}

function runOf(config: Members): RunConfig {
  return present({
    user: config.string('User'),
    env: config.strings('Env'),
    entrypoint: config.strings('Entrypoint'),
    cmd: config.strings('Cmd'),
    workingDir: config.string('WorkingDir'),
    labels: config.stringMap('Labels'),
    stopSignal: config.string('StopSignal'),
    exposedPorts: config.keys('ExposedPorts'),
    hostname: config.string('Hostname'),
  })
}

function diffIDsOf(rootfs: Members): Digest[] {
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

/** The members of a JSON object, each read as what it must be. An absent or null one is undefined. */
class Members {
  constructor(
    private readonly members: Readonly<Record<string, unknown>>,
    private readonly name: string,
  ) {}

  where(member: string): string {
    return `${this.name}: ${member}`
  }

  string(member: string): string | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw malformed(this.where(member), 'is not a string')
    return checked(value, this.where(member))
  }

  strings(member: string): string[] | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw malformed(this.where(member), 'is not a list')
    return value.map((item: unknown, i) => {
      const where = this.where(`${member}[${i}]`)
      if (typeof item !== 'string') throw malformed(where, 'is not a string')
      return checked(item, where)
    })
  }

  object(member: string): Members | undefined {
    const value = this.#get(member)
    if (value === undefined) return undefined
    if (!isObject(value)) throw malformed(this.where(member), 'is not an object')
    return new Members(value, this.where(member))
  }

  stringMap(member: string): Record<string, string> | undefined {
    const map = this.object(member)
    if (map === undefined) return undefined
    const names = Object.keys(map.members)
    return Object.fromEntries(names.map((name) => [checked(name, this.where(member)), map.#label(name)]))
  }

  /** The names of an object whose values mean nothing, Go's way of writing a set. */
  keys(member: string): string[] | undefined {
    const map = this.object(member)
    return map && Object.keys(map.members).map((key) => checked(key, this.where(member)))
  }

  #label(name: string): string {
    const value = this.members[name]
    if (typeof value !== 'string') throw malformed(this.where(sanitize(name, 60)), 'is not a string')
    return checked(value, this.where(sanitize(name, 60)))
  }

  #get(member: string): unknown {
    return Object.hasOwn(this.members, member) ? (this.members[member] ?? undefined) : undefined
  }
}

/** No system call takes a NUL: what stands in front of it would be taken for the whole. */
function checked(text: string, where: string): string {
  if (text.includes('\0')) throw malformed(where, 'holds a NUL')
  return text
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the members that are undefined. */
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>
}

function malformed(where: string, what: string): DistError {
  return new DistError('MALFORMED', `${where} ${what}`)
}
