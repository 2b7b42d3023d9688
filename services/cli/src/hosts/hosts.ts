import { type HostPolicies, type HostReport, hostReports } from '@dist/remotes'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, queueAddress } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue, withTable } from '../options.js'
import { note, printJson } from '../output/print.js'
import { type TableOptions, tableFor } from '../output/table.js'
import { resumeHosts } from './resume.js'
import { columns, rowsOf } from './table.js'

const examples = `
With a queue: what its services share about registries. Without one: the limits that the settings allow; what a registry takes
of them is known only to the process that asks it.

Examples:
  $ dist hosts --queue redis://10.0.0.5:6379
  $ dist hosts --json | jq 'select(.quotas != []) | .host, .quotas[0].remaining'
  $ dist hosts --config /etc/dist/services.yaml
  $ dist hosts resume registry.example.com`

const resumeExamples = `
The next request tests whether the host is back; if it is not, the host is paused again. Jobs that wait for the host go on. A host
whose quota is used up is asked by one HEAD, which costs no pull, whether there is more; until there is, pulls go on waiting.

Examples:
  $ dist hosts resume registry.example.com
  $ dist hosts resume 10.0.0.7:5000 --queue redis://10.0.0.5:6379`

export const hostsCommand: Define = (context, onExit, loadTree) =>
  withTable(withQueue(withOutput(new Command('hosts'))))
    .option('--config <file>', 'without a queue: settings of services (default: $DIST_CONFIG)')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await hosts(context, options)))
    .addCommand(resumeCommand(context, onExit, loadTree))

const resumeCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('resume')))
    .description('end the pauses of hosts early')
    .argument('<host...>', 'hosts, as dist hosts shows them')
    .addHelpText('after', resumeExamples)
    .action(async (names: string[], _options, command: Command) =>
      onExit(await resumeHosts(context, names, command.optsWithGlobals())),
    )

interface HostsOptions extends QueueOptions, TableOptions {
  config?: string | undefined
}

/** `dist hosts`: limits in force, quotas and pauses of registries. */
export async function hosts(context: Context, options: HostsOptions): Promise<number> {
  const address = await queueAddress(options, context.env)
  if (address === undefined) {
    note(
      context,
      'no queue: these limits are those of the settings; what a registry takes of them is known to the process that asks it',
    )
    return show(context, options, policyReports(await policiesOfSettings(options, context)))
  }
  await using queue = await openQueue(address, context, { signal: context.signal })
  return show(context, options, await queue.hosts())
}

/** The policies of the settings that a service would read here. */
async function policiesOfSettings({ config }: HostsOptions, { env }: Context): Promise<HostPolicies> {
  const [{ readSettings }, { hostPolicies }] = await Promise.all([
    import('@dist/settings'),
    import('@dist/wiring'),
  ])
  const {
    requestsPerHost: requests,
    hostPatience: patience,
    registries,
  } = await readSettings('worker', { config }, env)
  return hostPolicies({ requests, patience }, registries)
}

function policyReports(policies: HostPolicies): HostReport[] {
  return hostReports({ policies, states: [], limits: [], quotas: [] })
}

function show(context: Context, { json, trunc }: HostsOptions, reports: readonly HostReport[]): number {
  if (json) for (const report of reports) printJson(context, report)
  else context.stdout.write(tableFor(context, columns, reports.flatMap(rowsOf), { trunc }))
  return exitCodes.done
}
