import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchOptions, BenchReport } from '../bench.js'
import { program } from '../tools.js'
import { type Contender, compare, comparedRows, comparedTable } from './compare.js'
import { type InstalledLayout, installedLayout } from './installed.js'

const MB = 1_000_000

/** One layer of installed packages, unpacked with dist, with umoci, and with gzip and tar. */
export async function benchUnpack({
  runs = 5,
  quick,
  scratch,
  progress,
}: BenchOptions): Promise<BenchReport> {
  const layout = await installedLayout(join(scratch, 'layout'), (quick ? 10 : 300) * MB)
  const title = `${layout.files} files, ${Math.round(layout.bytes / MB)} MB`
  progress(`  ${title}`)
  const compared = await compare(contenders(layout, join(scratch, 'root')), runs, scratch, progress)
  const rows = comparedRows(title, compared, 'umoci raw unpack')
  return { markdown: comparedTable(rows, 'umoci raw unpack'), json: { ...layout, compared } }
}

function contenders({ folder, layer, files }: InstalledLayout, target: string): Contender[] {
  const dist = [process.execPath, program]
  const contender = (name: string, command: readonly string[], root = target): Contender => ({
    name,
    start: async () => {
      mkdirSync(target, { recursive: true })
      return {
        command,
        check: () => checkTree(root, files),
        end: () => rmSync(target, { recursive: true, force: true }),
      }
    },
  })
  const inner = join(target, 'out')
  return [
    contender('dist unpack', [...dist, 'unpack', 'root', '--store', folder, '--snapshots', target]),
    contender('dist apply', ['sh', '-c', `exec ${dist.join(' ')} apply ${inner} <${layer}`], inner),
    contender('umoci raw unpack', ['umoci', 'raw', 'unpack', '--image', `${folder}:root`, inner], inner),
    contender('umoci unpack', ['umoci', 'unpack', '--image', `${folder}:root`, inner], inner),
    contender('gzip -dc | tar -x', ['sh', '-c', `gzip -dc ${layer} | tar -x -C ${target}`]),
  ]
}

/** Parents that the archive does not name are made too; tools add a few files of their own. */
function checkTree(root: string, files: number): void {
  const found = Number(execFileSync('sh', ['-c', `find '${root}' -mindepth 1 | wc -l`], { encoding: 'utf8' }))
  if (found < files) throw new Error(`${found} of ${files} files in ${root}: ${readdirSync(root)}`)
}
