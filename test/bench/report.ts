import { type Machine, machineLine } from './machine.js'
import type { ToolResult, WorkloadResult } from './run.js'
import { table } from './table.js'
import type { Tool } from './tools.js'

/** The report for a reader: the machine, the tools, and a table with a row for each workload and tool. */
export function markdown(
  machine: Machine,
  { tools, missing }: { readonly tools: readonly Tool[]; readonly missing: readonly string[] },
  workloads: readonly WorkloadResult[],
): string {
  return [
    machineLine(machine),
    'Client and registry on one machine over loopback; medians of whole processes, the tools run in turn.',
    '',
    ...tools.map(({ name, version, many }) => `- ${name} ${version}; many images: \`${many}\``),
    ...missing.map((name) => `- **${name} is missing**: nothing is compared with it`),
    '',
    ...table([header, ...workloads.flatMap((workload) => rows(workload))], 2),
  ].join('\n')
}

/** The same with every single run, for programs. */
export function jsonReport(tools: readonly Tool[], workloads: readonly WorkloadResult[]): object {
  return {
    versions: Object.fromEntries(tools.map(({ name, version }) => [name, version])),
    workloads: workloads.map((workload) => ({
      ...workload,
      results: workload.results.map((result) => ({ ...result, ratio: ratioToBestPeer(workload, result) })),
    })),
  }
}

const header = [
  ...['workload', 'tool', 'wall s', 'min', 'max', 'to best peer', 'goal'],
  ...['cpu s', 'peak MB', 'again s'],
]

function rows(workload: WorkloadResult): string[][] {
  return workload.results.map((result, i) => [
    i === 0 ? `${workload.id}: ${workload.title}` : '',
    result.tool,
    result.median.wall.toFixed(2),
    Math.min(...result.runs.map(({ wall }) => wall)).toFixed(2),
    Math.max(...result.runs.map(({ wall }) => wall)).toFixed(2),
    ratioToBestPeer(workload, result)?.toFixed(2) ?? '',
    result.tool === 'dist' ? workload.goal.toFixed(2) : '',
    result.median.cpu.toFixed(2),
    (result.median.peak / 1e6).toFixed(0),
    result.againMedian.wall.toFixed(2),
  ])
}

/** The wall time over that of the fastest of the other tools; for a peer, of the fastest peer. */
function ratioToBestPeer(workload: WorkloadResult, result: ToolResult): number | undefined {
  const peers = workload.results.filter(({ tool }) => tool !== 'dist').map(({ median }) => median.wall)
  return peers.length === 0 ? undefined : result.median.wall / Math.min(...peers)
}
