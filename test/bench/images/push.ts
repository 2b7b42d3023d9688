import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Registry, startRegistry } from '@dist/testkit/servers'
import type { BenchOptions, BenchReport } from '../bench.js'
import { installedTools, program } from '../tools.js'
import { pushWorkload, repository, type Workload, workloads } from '../workloads.js'
import { type Compared, type Contender, compare, comparedRows, comparedTable } from './compare.js'

/** What is moved, and where from and to. */
interface Move {
  readonly source: Registry
  /** An OCI layout, and a store of ours, with the same images. */
  readonly layout: string
  readonly tags: readonly string[]
  readonly all: boolean
}

interface Way {
  readonly name: string
  command(move: Move, to: string): readonly string[]
}

const dist = [process.execPath, program]
const references = ({ source, tags }: Move) => tags.map((tag) => `${source.host}/${repository}:${tag}`)
/** What tools that take one image at a time are given many with, as a user in a hurry would. */
const each = (tags: readonly string[], command: readonly string[]) => [
  ...['sh', '-c', `printf '%s\\n' ${tags.join(' ')} | xargs -P4 -I{} ${command.join(' ')}`],
]

const distPush: Way = {
  name: 'dist push',
  command: (move, to) => [...dist, 'push', '--store', move.layout, '--to', to, ...references(move)],
}

const skopeoPush: Way = {
  name: 'skopeo copy oci:',
  command: ({ layout, tags, all, source }, to) => {
    const flags = ['skopeo', 'copy', '-q', '--dest-tls-verify=false', ...(all ? ['--all'] : [])]
    const from = `oci:${layout}:${source.host}/${repository}:{}`
    return each(tags, [...flags, from, `docker://${to}/${repository}:{}`])
  },
}

const distCopy: Way = {
  name: 'dist mirror --to',
  command: (move, to) => [...dist, 'mirror', '--to', to, ...references(move)],
}

const skopeoCopy: Way = {
  name: 'skopeo copy docker:',
  command: ({ source, tags, all }, to) => {
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false']
    const flags = ['skopeo', 'copy', '-q', ...insecure, ...(all ? ['--all'] : [])]
    return each(tags, [
      ...flags,
      `docker://${source.host}/${repository}:{}`,
      `docker://${to}/${repository}:{}`,
    ])
  },
}

const craneCopy: Way = {
  name: 'crane copy',
  command: ({ source, tags }, to) => {
    const command = [
      'crane',
      'copy',
      '--insecure',
      `${source.host}/${repository}:{}`,
      `${to}/${repository}:{}`,
    ]
    return each(tags, command)
  },
}

/** From a store on this machine into an empty registry. */
export function benchPush(options: BenchOptions): Promise<BenchReport> {
  return benchMoves([distPush, skopeoPush], options)
}

/** From one registry into another, empty one. */
export function benchCopy(options: BenchOptions): Promise<BenchReport> {
  const crane = installedTools().some(({ name }) => name === 'crane') ? [craneCopy] : []
  return benchMoves([distCopy, skopeoCopy, ...crane], options)
}

async function benchMoves(ways: readonly Way[], options: BenchOptions): Promise<BenchReport> {
  const rows: string[][] = []
  const json: Record<string, readonly Compared[]> = {}
  for (const workload of workloads) {
    if (options.quick && ['W1', 'W4', 'W5'].includes(workload.id)) continue
    const title = `${workload.id}: ${workload.title}`
    options.progress(` ${title}`)
    const compared = await benchWorkload(workload, ways, options)
    json[workload.id] = compared
    rows.push(...comparedRows(title, compared, ways[1]?.name ?? ''))
  }
  return { markdown: comparedTable(rows, 'skopeo'), json }
}

async function benchWorkload(
  workload: Workload,
  ways: readonly Way[],
  { runs = workload.runs, scratch, progress }: BenchOptions,
): Promise<Compared[]> {
  const source = await startRegistry()
  const layout = join(scratch, 'store')
  try {
    const { tags, contents } = await pushWorkload(source.url, workload)
    const move = { source, layout, tags, all: workload.allPlatforms === true }
    // All tools read the same folder: the store is an OCI layout.
    await promisify(execFile)(process.execPath, [
      program,
      'pull',
      '--all-platforms',
      '--store',
      layout,
      ...references(move),
    ])
    return await compare(
      ways.map((way) => contender(way, move, contents)),
      runs,
      scratch,
      progress,
    )
  } finally {
    rmSync(layout, { recursive: true, force: true })
    await source.stop()
  }
}

function contender(way: Way, move: Move, contents: ReadonlyMap<string, number>): Contender {
  return {
    name: way.name,
    start: async () => {
      const target = await startRegistry()
      return {
        command: way.command(move, target.host),
        check: () => checkRegistry(target, move.tags, contents),
        end: () => target.stop(),
      }
    },
  }
}

/** Throws where a tag or any of the content is not there, or has another size. */
async function checkRegistry(
  { url }: Registry,
  tags: readonly string[],
  contents: ReadonlyMap<string, number>,
): Promise<void> {
  const accept = [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
  ].join(', ')
  const sizeOf = async (path: string) => {
    const response = await fetch(`${url}/v2/${repository}/${path}`, { method: 'HEAD', headers: { accept } })
    return response.ok ? Number(response.headers.get('content-length')) : undefined
  }
  for (const tag of tags)
    if ((await sizeOf(`manifests/${tag}`)) === undefined) throw new Error(`${tag} is not at ${url}`)
  for (const [digest, size] of contents) {
    const found = (await sizeOf(`blobs/${digest}`)) ?? (await sizeOf(`manifests/${digest}`))
    if (found !== size) throw new Error(`${digest} has ${found} bytes at ${url}, not ${size}`)
  }
}
