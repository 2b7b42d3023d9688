import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Registry, startRegistry } from '@dist/testkit/servers'
import type { BenchOptions, BenchReport } from '../bench.js'
import { startBucket } from '../distributed/bucket.js'
import { Cluster } from '../distributed/cluster.js'
import { type Measurement, measure, median } from '../measure.js'
import { table } from '../table.js'
import { program } from '../tools.js'
import { fillRepository, repository } from './fill.js'
import { selectionSeconds } from './select.js'
import { skopeoSync } from './skopeo.js'

/** One way to mirror a repository whose tags are all there. */
export interface TagsWay {
  readonly name: string
  readonly runs: readonly Measurement[]
  readonly median: Measurement
  /** Requests to the source in one run, by method. */
  readonly requests: Readonly<Record<string, number>>
}

const goal = 10
const selectedFrom = 100_000

/** A repository of many unchanged tags: what a run with nothing to do costs, beside skopeo sync. */
export async function benchTags(options: BenchOptions): Promise<BenchReport> {
  const tags = options.quick ? 50 : 5_000
  const source = await startRegistry()
  const target = await startRegistry()
  try {
    await fillRepository(source.url, tags)
    await using bucket = await startBucket()
    const bench = new TagsBench(source, options)
    const ways = [
      await bench.embedded('a folder', ['--store', join(options.scratch, 'tags')], {}),
      await bench.embedded('a bucket', ['--store', bucket.gateway.url('tags')], bucket.env),
      await bench.queued('a folder, by a queue', join(options.scratch, 'tags-queue'), {}),
      await bench.queued('a bucket, by a queue', bucket.gateway.url('tags-queue'), bucket.env),
      await bench.embedded(
        'a folder, all tags immutable',
        ['--store', join(options.scratch, 'tags')],
        {},
        true,
      ),
      await bench.toRegistry('a registry', target),
    ]
    const skopeo = await skopeoSync(source, target, options)
    const all = skopeo === undefined ? ways : [...ways, skopeo]
    const seconds = await selectionSeconds(selectedFrom)
    return { markdown: markdown(all, tags, seconds), json: { ways: all, selectionSeconds: seconds } }
  } finally {
    await source.stop()
    await target.stop()
  }
}

class TagsBench {
  constructor(
    private readonly source: Registry,
    private readonly options: BenchOptions,
  ) {}

  async embedded(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    immutable = false,
  ): Promise<TagsWay> {
    return await this.#measured(`into ${name}`, this.#file('store', immutable), args, env)
  }

  async queued(name: string, store: string, env: Readonly<Record<string, string>>): Promise<TagsWay> {
    await using cluster = await Cluster.start({ store, workers: 1, env })
    return await this.#measured(`into ${name}`, this.#file('store'), ['--queue', cluster.server.url], {})
  }

  async toRegistry(name: string, target: Registry): Promise<TagsWay> {
    return await this.#measured(`to ${name}`, this.#file(`${target.host}/mirrored`), [], {})
  }

  #file(to: string, immutable = false): string {
    const path = join(this.options.scratch, 'tags.yaml')
    const tags = immutable ? '{ include: "*", immutable: "*" }' : 'all'
    const from = `${this.source.host}/${repository}`
    writeFileSync(path, `version: 1\nmirrors: [{ from: ${from}, tags: ${tags}, to: "${to}" }]\n`)
    return path
  }

  /** The first run brings all; the others have nothing to do, and are measured. */
  async #measured(
    name: string,
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<TagsWay> {
    const { runs = 3, scratch, progress } = this.options
    const command = [process.execPath, program, 'mirror', '-f', file, ...args]
    const once = () => measure(command, scratch, { env, timeLimit: 1_200_000 })
    await once()
    await this.source.settled()
    this.source.clearRequests()
    const measured: Measurement[] = [await once()]
    await this.source.settled()
    const requests: Record<string, number> = {}
    for (const { method } of this.source.requests()) requests[method] = (requests[method] ?? 0) + 1
    while (measured.length < runs) measured.push(await once())
    const way = { name: `dist ${name}`, runs: measured, median: median(measured), requests }
    progress(`  ${way.name}: ${way.median.wall.toFixed(2)} s`)
    return way
  }
}

function markdown(ways: readonly TagsWay[], tags: number, seconds: number): string[] {
  const header = ['way', 's', 'goal s', 'cpu s', 'peak MB', 'requests']
  const rows = ways.map(({ name, median: { wall, cpu, peak }, requests }) => [
    name,
    wall.toFixed(2),
    name.startsWith('dist') ? String(goal) : '',
    cpu.toFixed(2),
    (peak / 1e6).toFixed(0),
    Object.entries(requests)
      .map(([method, count]) => `${count} ${method}`)
      .join(', '),
  ])
  return [
    '## Tags',
    '',
    `A repository of ${tags} tags in a docker-registry, all of which are there already: medians of whole commands. *cpu s*: of the`,
    'command. *requests*: to the source.',
    '',
    ...table([header, ...rows], 1),
    '',
    `Selecting from ${selectedFrom} tags (include, exclude, semver, newest) takes ${seconds.toFixed(2)} s.`,
  ]
}
