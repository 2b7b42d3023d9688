import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openS3Store, parseS3Url } from '@dist/content-s3'
import type { BenchOptions, BenchReport } from '../bench.js'
import { startBucket } from '../distributed/bucket.js'
import { type Measurement, measure } from '../measure.js'
import { table } from '../table.js'
import { program } from '../tools.js'
import { fillFolder, fillStore } from './fill.js'

interface Way {
  readonly store: string
  readonly command: string
  readonly images: number
  readonly run: Measurement
}

const timeLimit = 1_800_000

/** What `dist df` and `dist gc` cost: ten objects for each image, of which every tenth has no name. */
export async function benchGc({ quick, scratch, progress }: BenchOptions): Promise<BenchReport> {
  const ways: Way[] = []
  const run = async (store: string, url: string, images: number, env = {}) => {
    for (const args of [['df'], ['gc', '--dry-run', '--grace', '0'], ['gc', '--grace', '0']]) {
      progress(`gc: ${store}: dist ${args.join(' ')}`)
      const command = [process.execPath, program, ...args, '--store', url]
      ways.push({
        store,
        command: args.join(' '),
        images,
        run: await measure(command, scratch, { env, timeLimit }),
      })
    }
  }
  const folder = join(scratch, 'gc')
  const many = quick ? 500 : 50_000
  fillFolder(folder, many)
  await run('a folder', folder, many)
  rmSync(folder, { recursive: true })
  const some = quick ? 50 : 5_000
  await using bucket = await startBucket()
  const url = bucket.gateway.url('gc')
  await fillBucket(url, some)
  await run('a bucket', url, some, bucket.env)
  return { markdown: markdown(ways), json: { ways } }
}

/** The bucket has put its credentials into the environment. */
async function fillBucket(url: string, images: number): Promise<void> {
  await using store = await openS3Store(parseS3Url(url))
  await fillStore(store, images)
}

function markdown(ways: readonly Way[]): string[] {
  const rows = ways.map(({ store, command, images, run: { wall, cpu, peak } }) => [
    store,
    `dist ${command}`,
    `${images}`,
    `${images * 10}`,
    wall.toFixed(1),
    cpu.toFixed(1),
    (peak / 1e6).toFixed(0),
  ])
  const header = ['store', 'command', 'images', 'objects', 's', 'cpu s', 'peak MB']
  return [
    '## Garbage collection',
    '',
    'Whole commands, once. Each image has ten tiny objects of its own; every tenth image has no name any more.',
    '',
    ...table([header, ...rows], 2),
  ]
}
