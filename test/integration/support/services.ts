import { waitFor } from '@dist/testkit/servers'
import { expect } from 'vitest'
import { type ServiceName, serviceProgram } from './program.js'
import { jsonLines, type Running, type Workspace } from './workspace.js'

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A service in a separate process. */
export interface StartedService {
  readonly running: Running
  /** Its log so far. */
  lines(): LogLine[]
  /** Resolves with the line when it is logged. */
  logged(message: string): Promise<LogLine>
  /** URL of its pages; resolves once they are served. Of coordinators and workers: the health server. */
  url(): Promise<string>
  /** URL of its health server; resolves once it is served. */
  healthUrl(): Promise<string>
}

export interface StartOptions {
  readonly args?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** Milliseconds: on a busy machine a service takes long to start. */
const patience = 30_000

/** Starts the program of a service; it listens on a free port. */
export function startService(
  workspace: Workspace,
  name: ServiceName,
  { args = [], env = {} }: StartOptions = {},
): StartedService {
  const command = [process.execPath, serviceProgram(name), '--listen', '127.0.0.1:0', ...args]
  const running = workspace.startShell(`exec ${command.map((word) => `'${word}'`).join(' ')}`, { env })
  // Read during writes: text without a line end is not a line yet.
  const lines = () => jsonLines<LogLine>(running.stdout().replace(/[^\n]*$/, ''))
  const logged = async (message: string) => {
    const find = () => lines().find(({ msg }) => msg === message)
    const ended = running.ended.then(() => true)
    await waitFor(
      async () => find() !== undefined || (await Promise.race([ended, false])),
      `"${message}" in the log of ${name}`,
      patience,
    )
    return find() ?? expect.unreachable(`${name} ended: ${running.stdout()}${running.stderr()}`)
  }
  const healthUrl = async () => `http://${(await logged('starting')).listen}`
  const url = async () => {
    if (name === 'coordinator' || name === 'worker') return await healthUrl()
    return String((await logged('ready')).url).replace(/\/$/, '')
  }
  return { running, lines, logged, url, healthUrl }
}

/** The result of a service that cannot start: its exit code and the error of its last log line. */
export async function refusalOf(
  service: StartedService,
): Promise<{ code: number | undefined; error: { code: string; message: string } }> {
  const { code } = await service.running.ended
  const last = service.lines().at(-1)
  return { code, error: last?.error as { code: string; message: string } }
}

/** The value of a metric, by its name with its labels. */
export async function metric(service: StartedService, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${await service.healthUrl()}/metrics`)).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}
