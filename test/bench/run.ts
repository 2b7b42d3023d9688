import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistry } from '@dist/testkit/servers'
import { checkComplete, type Measurement, measure, median } from './measure.js'
import type { Copy, Tool } from './tools.js'
import { type Pushed, pushWorkload, repository, type Workload } from './workloads.js'

export interface ToolResult {
  readonly tool: string
  readonly runs: readonly Measurement[]
  readonly median: Measurement
  /** The same command again, with everything there already. */
  readonly again: readonly Measurement[]
  readonly againMedian: Measurement
}

export interface WorkloadResult {
  readonly id: string
  readonly title: string
  readonly goal: number
  readonly images: number
  readonly objects: number
  readonly bytes: number
  readonly results: readonly ToolResult[]
}

interface Entry {
  readonly tool: Tool
  readonly runs: Measurement[]
  readonly again: Measurement[]
}

interface Options {
  /** Overrides the workload's own number of runs. */
  readonly runs?: number | undefined
  readonly progress: (text: string) => void
}

/** Runs the tools in turn, round by round, against a separate registry that holds this workload only. */
export async function runWorkload(
  workload: Workload,
  tools: readonly Tool[],
  folder: string,
  { runs = workload.runs, progress }: Options,
): Promise<WorkloadResult> {
  progress(`${workload.id}: ${workload.title}`)
  const registry = await startRegistry()
  try {
    const pushed = await pushWorkload(registry.url, workload)
    let entries: readonly Entry[] = tools.map((tool) => ({ tool, runs: [], again: [] }))
    for (let round = 1; round <= runs; round++) {
      for (const entry of entries) {
        const { tool } = entry
        const both = await runTwice(tool, workload, pushed, registry.host, folder).catch((error: Error) => {
          if (tool.name === 'dist') throw error
          // A peer of another version may lack what we ask of it; the others are still worth comparing.
          progress(`  left out: ${error.message}`)
          entries = entries.filter((other) => other !== entry)
        })
        if (!both) continue
        entry.runs.push(both.first)
        entry.again.push(both.second)
        const [wall, again] = [seconds(both.first), seconds(both.second)]
        progress(`  ${round}/${runs}  ${tool.name.padEnd(7)} ${wall}  again ${again}`)
      }
    }
    return summary(workload, pushed, entries)
  } finally {
    await registry.stop()
  }
}

async function runTwice(tool: Tool, workload: Workload, pushed: Pushed, host: string, folder: string) {
  const target = join(folder, 'target')
  const copy: Copy = {
    source: `${host}/${repository}`,
    tags: pushed.tags,
    allPlatforms: workload.allPlatforms ?? false,
    target,
  }
  try {
    const first = await measure(tool.command(copy), folder)
    checkComplete(target, pushed.contents)
    const second = await measure(tool.command(copy), folder)
    return { first, second }
  } finally {
    // A process of the tool may write a moment longer than the command runs.
    rmSync(target, { recursive: true, force: true, maxRetries: 5 })
  }
}

function summary(
  { id, title, goal }: Workload,
  { tags, contents }: Pushed,
  all: readonly Entry[],
): WorkloadResult {
  const bytes = [...contents.values()].reduce((sum, size) => sum + size, 0)
  const results = all.map(({ tool, runs, again }) => {
    return { tool: tool.name, runs, median: median(runs), again, againMedian: median(again) }
  })
  return { id, title, goal, images: tags.length, objects: contents.size, bytes, results }
}

function seconds({ wall }: Measurement): string {
  return `${wall.toFixed(2).padStart(6)} s`
}
