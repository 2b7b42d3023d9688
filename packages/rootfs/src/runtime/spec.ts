import { posix } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { ImageConfig, RunConfig } from '../config.js'
import {
  defaultPath,
  linuxDefaults,
  mounts,
  processDefaults,
  type RootlessOwner,
  rootlessParts,
} from './defaults.js'
import { type Accounts, resolveUser } from './user.js'

export interface SpecOptions {
  /** Replaces the command of the image; its entrypoint stays in front. */
  command?: readonly string[] | undefined
  /** Whether the process gets a terminal. Default: false. */
  terminal?: boolean | undefined
  /** Runs the container without root, in a user namespace with only this user. Default: with root. */
  rootless?: RootlessOwner | undefined
}

/** The directory of the root filesystem in a bundle. */
export const rootfsDirectory = 'rootfs'

/**
 * The runtime configuration (`config.json`) of an image, by the conversion rules of the OCI image spec, with the defaults
 * of `runc spec`. Throws `INVALID_ARGUMENT` when neither image nor caller name a command; `MALFORMED` for a user that the
 * root filesystem does not have, and for unreadable members that decide what runs and as which user.
 */
export function runtimeSpec(config: ImageConfig, accounts: Accounts, options: SpecOptions = {}): object {
  const { run } = config
  refuseOddities(config, options.command ?? [])
  const { home, ...user } = resolveUser(run.user ?? '', accounts)
  const { terminal = false, rootless } = options
  const own = rootless === undefined ? { mounts, linux: linuxDefaults } : rootlessParts(rootless)
  return {
    ociVersion: '1.0.2',
    process: {
      terminal,
      user: { ...user, additionalGids: rootless === undefined ? user.additionalGids : [] },
      args: argsOf(run, options.command),
      env: envOf(run, home, terminal),
      cwd: run.workingDir?.startsWith('/') ? run.workingDir : posix.join('/', run.workingDir ?? ''),
      ...processDefaults,
    },
    root: { path: rootfsDirectory },
    hostname: run.hostname || 'dist',
    mounts: own.mounts,
    annotations: annotationsOf(config),
    linux: own.linux,
  }
}

/** Members that decide what runs, and as which user. */
const decisiveMembers: ReadonlySet<string> = new Set([
  'config',
  'User',
  'Env',
  'Entrypoint',
  'Cmd',
  'WorkingDir',
])

function refuseOddities({ oddities = [] }: ImageConfig, command: readonly string[]): void {
  const odd = oddities.find(
    ({ member }) => decisiveMembers.has(member) && !(member === 'Cmd' && command.length > 0),
  )
  if (odd !== undefined)
    throw new DistError('MALFORMED', `${odd.reason}: command and user of the image are not known`)
}

function argsOf({ entrypoint = [], cmd = [] }: RunConfig, command: readonly string[] = []): string[] {
  const args = [...entrypoint, ...(command.length > 0 ? command : cmd)]
  if (args.length > 0) return args
  throw new DistError('INVALID_ARGUMENT', 'the image names no command to run; give one after --')
}

/** The environment of the image, and variables that programs rely on where it lacks them. */
function envOf({ env = [] }: RunConfig, home: string | undefined, terminal: boolean): string[] {
  const wanted = [defaultPath, ...(terminal ? ['TERM=xterm'] : []), `HOME=${home ?? '/'}`]
  const names = new Set(env.map(nameOf))
  return [...env, ...wanted.filter((entry) => !names.has(nameOf(entry)))]
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? ''
}

/**
 * The annotations of a container: properties of the image, and its labels, which take precedence. OCI image spec,
 * "Conversion to OCI Runtime Configuration".
 */
function annotationsOf(config: ImageConfig): Record<string, string> {
  const { run } = config
  const implicit: [string, string | undefined][] = [
    ['os', config.os],
    ['architecture', config.architecture],
    ['variant', config.variant],
    ['os.version', config.osVersion],
    ['os.features', config.osFeatures?.join(',')],
    ['author', config.author],
    ['created', config.created],
    ['stopSignal', run.stopSignal],
    ['exposedPorts', run.exposedPorts?.join(',')],
  ]
  const properties = implicit.flatMap(([name, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[`org.opencontainers.image.${name}`, value]],
  )
  return Object.fromEntries([...properties, ...Object.entries(run.labels ?? {})])
}
