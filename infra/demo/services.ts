import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startServer } from '@dist/testkit/servers'
import type { Stage } from './stage.js'

/** A service of dist in a separate process. */
export interface StartedService {
  readonly pid: number
  /** Its log, JSON. */
  readonly logFile: string
  /** What it has counted so far, by the name of the metric with its labels; 0 where there is nothing yet. */
  metric(name: string): Promise<number>
}

export interface ServiceOptions {
  /** What its log file is called, and the worker. */
  readonly name: string
  readonly env: Readonly<Record<string, string>>
}

/** Starts a coordinator or a worker; resolves when it takes work. */
export async function startService(
  kind: 'coordinator' | 'worker',
  { folder, onEnd }: Stage,
  { name, env }: ServiceOptions,
): Promise<StartedService> {
  const program = fileURLToPath(new URL(`../../services/cli/bin/${kind}.mjs`, import.meta.url))
  const listen = `127.0.0.1:${await freePort()}`
  const args = ['--listen', listen, '--deadline', '2s', ...(kind === 'worker' ? ['--name', name] : [])]
  const logFile = join(folder, `${name}.log`)
  const log = createWriteStream(logFile)
  const get = async (path: string) => {
    const signal = AbortSignal.timeout(5_000)
    return await fetch(`http://${listen}${path}`, { signal })
  }
  const server = await startServer(process.execPath, [program, ...args], {
    ready: async () => (await get('/readyz')).ok,
    env,
    onLine: (line) => log.write(`${line}\n`),
  })
  onEnd(async () => {
    await server.stop()
    log.end()
    await once(log, 'close')
  })
  return {
    pid: server.pid,
    logFile,
    metric: async (metric) => valueIn(metric, await (await get('/metrics')).text()),
  }
}

function valueIn(metric: string, exposition: string): number {
  const line = exposition.split('\n').find((each) => each.startsWith(`${metric} `))
  return line === undefined ? 0 : Number(line.slice(metric.length + 1))
}
