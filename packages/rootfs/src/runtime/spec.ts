import { posix } from 'node:path'
import { DistError } from '@dist/errdefs'
import type { ImageConfig, RunConfig } from '../config.js'
import { annotationsOf } from './annotations.js'
import { defaultPath, linuxDefaults, mounts, processDefaults } from './defaults.js'
import { type RootlessOwner, rootlessParts } from './rootless.js'
import { type Accounts, resolveUser } from './user.js'

export interface SpecOptions {
  /** In place of the image's own command; its entrypoint stays in front. */
  command?: readonly string[] | undefined
  /** Whether the process gets a terminal. Default: false. */
  terminal?: boolean | undefined
  /** Set where the container is to run without root, in a user namespace that has this user alone. */
  rootless?: RootlessOwner | undefined
}

/** The root filesystem's folder in a bundle. */
export const rootfsFolder = 'rootfs'

/**
 * The runtime configuration (`config.json`) of an image, by the rules of the OCI image spec's conversion; what they
 * leave open is as `runc spec` has it. Throws `INVALID_ARGUMENT` when neither image nor caller name a command, and
 * `MALFORMED` for a user that the root filesystem does not have, and where it cannot be read as whom and what to run.
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
    root: { path: rootfsFolder },
    hostname: run.hostname || 'dist',
    mounts: own.mounts,
    annotations: annotationsOf(config),
    linux: own.linux,
  }
}

/** Members without which something else would be run, or as somebody else. */
const decisive: ReadonlySet<string> = new Set(['config', 'User', 'Env', 'Entrypoint', 'Cmd', 'WorkingDir'])

function refuseOddities({ oddities = [] }: ImageConfig, command: readonly string[]): void {
  const odd = oddities.find(({ member }) => decisive.has(member) && !(member === 'Cmd' && command.length > 0))
  if (odd !== undefined)
    throw new DistError('MALFORMED', `${odd.reason}: the image does not tell what to run, and as whom`)
}

function argsOf({ entrypoint = [], cmd = [] }: RunConfig, command: readonly string[] = []): string[] {
  const args = [...entrypoint, ...(command.length > 0 ? command : cmd)]
  if (args.length > 0) return args
  throw new DistError('INVALID_ARGUMENT', 'the image names no command to run: give one behind --')
}

/** The image's own stay as they are; what programs count on is added. */
function envOf({ env = [] }: RunConfig, home: string | undefined, terminal: boolean): string[] {
  const wanted = [defaultPath, ...(terminal ? ['TERM=xterm'] : []), `HOME=${home ?? '/'}`]
  const names = new Set(env.map(nameOf))
  return [...env, ...wanted.filter((entry) => !names.has(nameOf(entry)))]
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? ''
}
