import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '@dist/testkit/servers'

/** A Docker daemon in a temporary folder. */
export interface Docker extends AsyncDisposable {
  /** What `docker` writes to stdout. Throws when it fails, with what it says. */
  docker(...args: readonly string[]): Promise<string>
}

/**
 * Starts a Docker daemon that changes no network. `configuration`: its daemon.json. `clientFolder`: the folder of the client's
 * config.json, with credentials.
 */
export async function startDocker(configuration: string, clientFolder: string): Promise<Docker> {
  const directory = mkdtempSync(join(tmpdir(), 'dist-docker-'))
  const socket = `unix://${join(directory, 'socket')}`
  const file = join(directory, 'daemon.json')
  writeFileSync(file, configuration)
  const folders = ['data-root', 'exec-root', 'pidfile'].flatMap((name) => [
    `--${name}`,
    join(directory, name),
  ])
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none']
  const args = ['--config-file', file, '-H', socket, ...folders, ...network, '--storage-driver', 'vfs']
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_CONFIG: clientFolder }
  const docker = async (...given: readonly string[]) =>
    (await promisify(execFile)('docker', [...given], { env })).stdout
  const ready = async () => (await docker('version')).length > 0
  const server = await startServer('dockerd', args, { ready, directory })
  return {
    docker,
    [Symbol.asyncDispose]: () =>
      server.stop().finally(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 })),
  }
}
