import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, type ServerProcess, startServer } from '@dist/testkit/servers'
import type { BenchOptions, BenchReport } from '../bench.js'
import { CatalogueRegistry } from '../catalogue/start.js'
import { Cluster } from '../distributed/cluster.js'
import { cpuOf } from '../distributed/process.js'
import { table } from '../table.js'
import { firstPaint } from './paint.js'
import { readPages } from './readers.js'

const goals = { share: 20, slower: 3, paint: 300 }

/** One run without open pages, and one with them. */
interface Pair {
  readonly without: number
  readonly with: number
  /** Seconds of processor time of the dashboard while the pages were open. */
  readonly cpu: number
  /** Bytes that the pages have received. */
  readonly bytes: number
}

/** What 50 open pages cost the dashboard and a run of many images, and when a page shows something. */
export async function benchDashboard(options: BenchOptions): Promise<BenchReport> {
  const [images, pages, times] = options.quick ? [200, 10, 1] : [20_000, 50, options.runs ?? 3]
  await using source = await CatalogueRegistry.start({ layers: 1, layerSize: 1024 })
  await using cluster = await Cluster.start({ store: join(options.scratch, 'dashboard'), workers: 1 })
  const { url, server } = await startDashboard(cluster.server.url)
  try {
    const pairs: Pair[] = []
    for (let i = 0; i < times; i++) {
      options.progress(`dashboard: runs ${2 * i + 1} and ${2 * i + 2} of ${2 * times}`)
      const part = (n: number) => source.references((2 * i + n) * images, (2 * i + n + 1) * images)
      const { wall } = await cluster.mirror(part(0))
      pairs.push({ without: wall, ...(await watched(cluster, part(1), { url, pid: server.pid, pages })) })
    }
    const paint = await firstPaint(url, options.quick ? 2 : 9)
    return { markdown: markdown(pairs, { images, pages, paint }), json: { images, pages, pairs, paint } }
  } finally {
    await server.stop()
  }
}

interface Watching {
  readonly url: string
  readonly pid: number
  readonly pages: number
}

async function watched(
  cluster: Cluster,
  references: readonly string[],
  { url, pid, pages }: Watching,
): Promise<Omit<Pair, 'without'>> {
  const end = new AbortController()
  const mirrored = cluster.mirror(references)
  const reading = firstRunning(cluster).then((id) => readPages(url, id, pages, end.signal))
  const before = cpuOf(pid)
  const { wall } = await mirrored
  const cpu = cpuOf(pid) - before
  end.abort()
  return { with: wall, cpu, bytes: await reading }
}

async function firstRunning({ runs }: Cluster): Promise<string> {
  for (;;) {
    const [first] = await runs.list({ state: 'running', limit: 1 })
    if (first !== undefined) return first.id
    await delay(10)
  }
}

async function startDashboard(queue: string): Promise<{ url: string; server: ServerProcess }> {
  const program = fileURLToPath(new URL('../../../services/cli/bin/dashboard.mjs', import.meta.url))
  const [listen, health] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const args = ['--queue', queue, '--listen', listen, '--health-listen', health, '--log-level', 'warn']
  const server = await startServer(process.execPath, [program, ...args], {
    ready: async () => (await fetch(`http://${health}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok,
    timeout: 30_000,
  })
  return { url: `http://${listen}`, server }
}

function markdown(
  pairs: readonly Pair[],
  { images, pages, paint }: { images: number; pages: number; paint: number },
): string[] {
  const middle = (of: (pair: Pair) => number) =>
    pairs.map(of).sort((a, b) => a - b)[Math.floor(pairs.length / 2)] ?? Number.NaN
  const share = middle((pair) => (pair.cpu / pair.with) * 100)
  const slower = middle((pair) => (pair.with / pair.without - 1) * 100)
  const row = (what: string, value: number, unit: string, goal: number) => [
    what,
    `${value.toFixed(1)} ${unit}`,
    `below ${goal} ${unit}`,
    value < goal ? 'yes' : 'no',
  ]
  return [
    ...table(
      [
        [`${pages} pages, ${images} images`, 'measured', 'goal', 'reached'],
        row('processor time of the dashboard, of one core', share, '%', goals.share),
        row('time that the pages add to the run', slower, '%', goals.slower),
        row('first paint', paint, 'ms', goals.paint),
      ],
      1,
    ),
    '',
    `Seconds of a run without and with pages: ${pairs.map((each) => `${each.without.toFixed(1)} and ${each.with.toFixed(1)}`).join(', ')}.`,
    `The pages received ${pairs.map(({ bytes }) => `${(bytes / 2 ** 20).toFixed(1)} MiB`).join(', ')}. They are streams that ask what pages ask; one browser measures the paint.`,
  ]
}
