import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.js'
import { benches } from './benches.js'
import { machineLine, thisMachine } from './machine.js'
import { jsonReport, markdown } from './report.js'
import { runWorkload, type WorkloadResult } from './run.js'
import { installedTools, missingPeers } from './tools.js'
import { type Workload, workloads } from './workloads.js'

const usage = `npm run bench [-- [--runs N] [--tools dist,skopeo] [--quick] [--json FILE] [NAME...]]

Without names: copies images from a docker-registry into an OCI layout with dist and with whichever of skopeo, crane
and oras are installed, and prints a table. About 3 GiB of disk below TMPDIR are used.

Workloads, all of them by default:${workloads.map(({ id, title }) => `\n  ${id}     ${title}`).join('')}

Others (--quick: small sizes, to see that they work); s3, queue, scale and many need Redis and an S3 gateway,
hosts, limits and far need Redis, dashboard needs Redis and chromium, serve needs an S3 gateway:${benches.map(({ name, title }) => `\n  ${name.padEnd(6)} ${title}`).join('')}`

class UsageError extends Error {}

const folder = mkdtempSync(join(tmpdir(), 'dist-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

main().catch((error: Error) => {
  const isUsage =
    error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isUsage ? `bench: ${error.message}\n\n${usage}` : `bench: ${error.stack}`)
  process.exitCode = isUsage ? 2 : 1
})

interface Options {
  readonly runs: number | undefined
  readonly tools: string | undefined
  readonly quick: boolean
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      tools: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(usage)
  const runs = values.runs === undefined ? undefined : positiveInteger(values.runs)
  const options = { runs, tools: values.tools, quick: values.quick ?? false }
  const { pulls, others } = choose(positionals)
  const machine = thisMachine()
  const report = { date: new Date().toISOString(), machine }
  if (pulls.length > 0) Object.assign(report, await comparePulls(pulls, options))
  if (others.length > 0) console.log(`${machineLine(machine)}\n`)
  for (const bench of others) Object.assign(report, { [bench.name]: await runBench(bench, options) })
  if (positionals.length === 0)
    console.log(`\nMore: npm run bench -- ${benches.map(({ name }) => name).join(' ')}`)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
}

function progress(text: string): void {
  console.error(text)
}

async function comparePulls(chosen: readonly Workload[], options: Options): Promise<object> {
  const machine = thisMachine()
  const tools = chooseTools(options.tools)
  const missing = options.tools === undefined ? missingPeers(tools) : []
  for (const name of missing)
    progress(`bench: ${name.toUpperCase()} IS NOT ON PATH: nothing is compared with it`)
  const results: WorkloadResult[] = []
  for (const workload of chosen)
    results.push(await runWorkload(workload, tools, folder, { runs: options.runs, progress }))
  console.log(markdown(machine, { tools, missing }, results))
  return jsonReport(tools, results)
}

async function runBench(bench: Bench, { runs, quick }: Options): Promise<object> {
  progress(`${bench.name}: ${bench.title}`)
  const { markdown, json } = await bench.run({ runs, quick, scratch: folder, progress })
  console.log(`${markdown.join('\n')}\n`)
  return json
}

function choose(names: readonly string[]): { pulls: readonly Workload[]; others: readonly Bench[] } {
  if (names.length === 0) return { pulls: workloads, others: [] }
  const pulls: Workload[] = []
  const others: Bench[] = []
  for (const name of names) {
    const workload = workloads.find(({ id }) => id === name.toUpperCase())
    const bench = benches.find((each) => each.name === name)
    if (workload !== undefined) pulls.push(workload)
    else if (bench !== undefined) others.push(bench)
    else throw new UsageError(`there is no workload ${name}`)
  }
  return { pulls, others }
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
