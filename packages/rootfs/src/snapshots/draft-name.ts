import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * A directory in the making is named after its maker, so that what a dead one left can be told and removed:
 * `<machine>-<pid>-<start>-<random>`. The machine stands for the running kernel and the pid namespace, the start is
 * the process's own, in ticks since boot: a pid comes round again, with it it does not.
 */
export function draftName(): string {
  return `${maker()}-${randomBytes(6).toString('hex')}`
}

/** Milliseconds that a draft is spared whose maker cannot be asked: nobody works at one for so long. */
const benefitOfDoubt = 7 * 24 * 60 * 60 * 1000

/** Whether a directory of that name is a draft whose maker is gone. `madeAt`: milliseconds since the epoch. */
export function isAbandoned(name: string, madeAt: number): boolean {
  const [, machine, pid, start] = /^([0-9a-f]{12}|unknown)-(\d+)-(\d+)-[0-9a-f]{12}$/.exec(name) ?? []
  if (machine === undefined || pid === undefined) return false
  if (machine === 'unknown' || machine !== machineId()) return Date.now() - madeAt > benefitOfDoubt
  const stat = statOf(pid)
  if (stat === undefined) return !answers(Number(pid))
  return stat.start !== start || 'ZX'.includes(stat.state)
}

function maker(): string {
  return `${machineId()}-${process.pid}-${statOf('self')?.start ?? '0'}`
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** proc(5): the fields after the command name, which may itself hold blanks and parentheses. */
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
    return 'unknown'
  }
}
