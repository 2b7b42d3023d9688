import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The programs of the queue and of the S3 gateway, by the names that readers know. */
const servers = {
  'redis-server': ['redis-server'],
  'radosgw (Ceph)': ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'],
} as const

/** What of the servers of the distributed form is not on this machine. */
export function missingServers(): string[] {
  return Object.entries(servers)
    .filter(([, programs]) => !programs.every(isInstalled))
    .map(([name]) => name)
}

/** The first thing in a program's `--version` that looks like one; undefined where there is no such program. */
export function versionOf(program: string): string | undefined {
  try {
    const output = execFileSync(program, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /\d+(?:\.\d+)+/.exec(output)?.[0] ?? ''
  } catch {
    return undefined
  }
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
