import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { jsonReport, markdown, thisMachine } from './report.js'
import { runWorkload, type WorkloadResult } from './run.js'
import { installedTools } from './tools.js'
import { type Workload, workloads } from './workloads.js'

const usage = `npm run bench [-- [--runs N] [--tools dist,skopeo] [--json FILE] [WORKLOAD...]]

Copies images from a docker-registry into an OCI layout with dist and with whichever of skopeo, crane and oras are
installed, and prints a table. About 3 GiB of disk below TMPDIR are used.

Workloads (default all): ${workloads.map(({ id, title }) => `\n  ${id}  ${title}`).join('')}`

class UsageError extends Error {}

const folder = mkdtempSync(join(tmpdir(), 'dist-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

main().catch((error: Error) => {
  const isUsage =
    error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isUsage ? `bench: ${error.message}\n\n${usage}` : `bench: ${error.message}`)
  process.exitCode = isUsage ? 2 : 1
})

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      tools: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(usage)
  const runs = values.runs === undefined ? undefined : positiveInteger(values.runs)
  const chosen = chooseWorkloads(positionals)
  const tools = chooseTools(values.tools)
  const results: WorkloadResult[] = []
  for (const workload of chosen) {
    results.push(
      await runWorkload(workload, tools, folder, { runs, progress: (text) => console.error(text) }),
    )
  }
  const machine = thisMachine()
  console.log(markdown(machine, tools, results))
  if (values.json)
    writeFileSync(values.json, `${JSON.stringify(jsonReport(machine, tools, results), undefined, 2)}\n`)
}

function chooseWorkloads(ids: readonly string[]): readonly Workload[] {
  if (ids.length === 0) return workloads
  return ids.map((id) => {
    const found = workloads.find((workload) => workload.id === id.toUpperCase())
    if (found === undefined) throw new UsageError(`there is no workload ${id}`)
    return found
  })
}

function chooseTools(names: string | undefined) {
  const installed = installedTools()
  if (!installed.some(({ name }) => name === 'dist')) console.error('bench: the dist command is not built')
  if (names === undefined) return installed
  return names.split(',').map((name) => {
    const found = installed.find((tool) => tool.name === name)
    if (found === undefined) throw new UsageError(`${name} is not installed`)
    return found
  })
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`--runs takes a number, not ${text}`)
  return Number(text)
}
