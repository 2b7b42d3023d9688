import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '@dist/testkit/servers'

/** A containerd in a temporary folder. */
export interface Containerd {
  /** The bytes that `ctr` writes to stdout. Throws when it fails, with what it says. */
  ctr(...args: readonly string[]): Promise<Buffer>
  stop(): Promise<void>
}

/** Starts containerd without the plug-in for Kubernetes. */
export async function startContainerd(): Promise<Containerd> {
  const directory = mkdtempSync(join(tmpdir(), 'dist-containerd-'))
  const socket = join(directory, 'socket')
  const config = join(directory, 'config.toml')
  writeFileSync(config, configuration(directory, socket))
  const ctr = async (...args: readonly string[]) => {
    const options = { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 } as const
    const { stdout } = await promisify(execFile)('ctr', ['-a', socket, ...args], options)
    return stdout
  }
  const ready = async () => (await ctr('version')).length > 0
  const server = await startServer('containerd', ['-c', config], { ready, directory })
  return {
    ctr,
    stop: () => server.stop().finally(() => rmSync(directory, { recursive: true, force: true })),
  }
}

function configuration(directory: string, socket: string): string {
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
`
}
