import type { HostPolicies } from '@dist/remotes'
import type { SharedHosts } from '@dist/wiring/queue'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openQueue, queueUrl } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue, withTable } from '../options.js'
import { note, printJson } from '../output/print.js'
import { type TableOptions, tableFor } from '../output/table.js'
import { columns, type HostReport, hostReports, rowsOf } from './report.js'

const examples = `
With a queue: what its services share about registries. Without one: the limits that the settings allow; what a registry takes
of them is known only to the process that asks it.

Examples:
  $ dist hosts --queue redis://10.0.0.5:6379
  $ dist hosts --json | jq 'select(.quotas != []) | .host, .quotas[0].remaining'
  $ dist hosts --config /etc/dist/services.yaml`

export const hostsCommand: Define = (context, onExit) =>
  withTable(withQueue(withOutput(new Command('hosts'))))
    .option('--config <file>', 'without a queue: settings of services (default: $DIST_CONFIG)')
    .addHelpText('after', examples)
    .action(async (options) => onExit(await hosts(context, options)))

interface HostsOptions extends QueueOptions, TableOptions {
  config?: string | undefined
}

/** `dist hosts`: limits in force, quotas and pauses of registries. */
export async function hosts(context: Context, options: HostsOptions): Promise<number> {
  const url = await queueUrl(options, context.env)
  if (url === undefined) {
    note(
      context,
      'no queue: these limits are those of the settings; what a registry takes of them is known to the process that asks it',
    )
    return show(context, options, policyReports(await policiesOfSettings(options, context)))
  }
  await using queue = await openQueue(url, context, { signal: context.signal })
  return show(context, options, await sharedReports(queue.hosts))
}

async function sharedReports(hosts: SharedHosts): Promise<HostReport[]> {
  const [policies = {}, states, limits, quotas] = await Promise.all([
    hosts.publishedPolicies(),
    hosts.states(),
    hosts.limits(),
    hosts.quotas(),
  ])
  return hostReports({ policies, states, limits, quotas })
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
