import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * Identifies a process among all that may ever share a store with it. `machine` identifies the running kernel and the
 * pid namespace: containers of one machine have different ones. It is empty on a system without /proc.
 */
export interface Owner {
  readonly machine: string
  readonly pid: number
  /** When the process started, in ticks since boot: pids are used again, a pid with its start is not. */
  readonly start: string
}

export type Liveness = 'alive' | 'dead' | 'unknown'

let own: Owner | undefined

export function thisProcess(): Owner {
  own ??= { machine: machineId(), pid: process.pid, start: statOf('self')?.start ?? '0' }
  return own
}

/** An owner as a part of a file name, without dots. */
export function formatOwner({ machine, pid, start }: Owner): string {
  return `${machine}-${pid}-${start}`
}

export function parseOwner(text: string): Owner | undefined {
  const [, machine, pid, start] = /^([0-9a-f]*)-(\d+)-(\d+)$/.exec(text) ?? []
  if (machine === undefined || pid === undefined || start === undefined) return undefined
  return { machine, pid: Number(pid), start }
}

/** Whether a process still runs. `unknown` on another machine, or in another pid namespace. */
export function livenessOf(owner: Owner): Liveness {
  const self = thisProcess()
  if (owner.machine === '' || owner.machine !== self.machine) return 'unknown'
  if (owner.pid === self.pid) return owner.start === self.start ? 'alive' : 'dead'
  if (!exists(owner.pid)) return 'dead'
  const stat = statOf(String(owner.pid))
  // It exists, but /proc hides the processes of other users.
  if (stat === undefined) return 'unknown'
  // A zombie runs no more. It stays in a container whose first process does not reap it.
  return stat.start === owner.start && !'ZX'.includes(stat.state) ? 'alive' : 'dead'
}

/** Whether the process of a formatted owner is known to have ended. */
export function hasEnded(owner: string): boolean {
  const parsed = parseOwner(owner)
  return parsed !== undefined && livenessOf(parsed) === 'dead'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** proc(5): the fields after the command name, which may contain blanks and parentheses. */
function statOf(pid: string): { state: string; start: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, start] = [fields[0], fields[19]]
    return state === undefined || start === undefined ? undefined : { state, start }
  } catch {
    return undefined
  }
}

function machineId(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const namespace = readlinkSync('/proc/self/ns/pid')
    return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 12)
  } catch {
    return ''
  }
}
