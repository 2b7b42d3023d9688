import type { ServiceName } from '@dist/settings'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodeOf, exitCodes } from '../errors/errors.js'

const coordinatorExamples = `
A coordinator resolves references, walks manifests and publishes names; dist worker fetches the blobs. Any number of both can
share a queue. Logs are JSON on stdout. On SIGTERM it hands its jobs back to the queue and ends.

Examples:
  $ dist coordinator --store /srv/images
  $ dist coordinator --queue redis://10.0.0.5:6379 --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const coordinatorCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('coordinator'))
    .option('--listen <host:port>', 'the address of health and metrics (default: 127.0.0.1:9464)')
    .option(
      '--concurrency <n>',
      'images of one registry that are planned at the same time; of all registries four times as many (default: 16)',
    )
    .option('--mirror-file <file>', 'a mirror file whose schedules are put into the queue, and kept there')
    .addHelpText('after', coordinatorExamples)
    .action(async (flags) => {
      const { runCoordinator } = await import('@dist/coordinator')
      onExit(await serve('coordinator', context, (service) => runCoordinator(flags, service)))
    })

const workerExamples = `
A worker fetches blobs, verifies them and writes them into the store. Any number of workers can share a queue, on any number
of machines. Logs are JSON on stdout. On SIGTERM it hands its jobs back to the queue and ends.

Examples:
  $ dist worker --store /srv/images
  $ dist worker --concurrency 32 --memory 512MiB --queue redis://10.0.0.5:6379 \\
      --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const workerCommand: Define = (context, onExit) =>
  withMirror(serviceCommand('worker'))
    .option('--listen <host:port>', 'the address of health and metrics (default: 127.0.0.1:9465)')
    .option(
      '--concurrency <n>',
      'blobs of one registry that are fetched at the same time; of all registries four times as many (default: four for each processor)',
    )
    .option('--memory <size>', 'memory for blobs in transfer (default: 256MiB)')
    .option('--name <name>', 'name of the worker in dist active (default: host name and process id)')
    .addHelpText('after', workerExamples)
    .action(async (flags) => {
      const { runWorker } = await import('@dist/worker')
      onExit(await serve('worker', context, (service) => runWorker(flags, service)))
    })

const dashboardExamples = `
Without users the page is read-only and listens on loopback only. Each line of --users-file is a user: dist user hash writes it,
or htpasswd -B. The password of --user is DIST_DASHBOARD_PASSWORD, or in the file of DIST_DASHBOARD_PASSWORD_FILE.

Examples:
  $ dist dashboard
  $ dist dashboard --users-file users --public-url https://dist.example.com --trusted-proxies 127.0.0.1
  $ DIST_DASHBOARD_PASSWORD_FILE=password dist dashboard --user ops --listen 0.0.0.0:8080`

export const dashboardCommand: Define = (context, onExit) =>
  serviceCommand('dashboard')
    .option('--listen <host:port>', 'the address of the page (default: 127.0.0.1:8080)')
    .option(
      '--health-listen <host:port>',
      'address of /healthz, /readyz and /metrics (default: 127.0.0.1:9466, or a free port)',
    )
    .option('--users-file <file>', 'the users who may sign in, with bcrypt hashes and roles')
    .option('--user <name>', 'one user who may do everything')
    .option('--public-url <url>', 'the address at which browsers reach the page through a proxy')
    .option('--trusted-proxies <net>', 'networks of proxies whose X-Forwarded headers are believed')
    .addHelpText('after', dashboardExamples)
    .action(async (flags) => {
      const { runDashboard } = await import('@dist/dashboard')
      onExit(await serve('dashboard', context, (service) => runDashboard(flags, service)))
    })

/** The process of a service: it logs to stdout, and stops when the signal aborts. */
export interface ServiceContext {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  log: NodeJS.WriteStream
}

const logLevels = ['debug', 'info', 'warn', 'error']

/** Shows and completes the values of an option. The service checks them, with the rest of its settings. */
function withValues(option: Option, values: string[]): Option {
  option.argChoices = values
  return option
}

/**
 * The command of a service. Flags are passed on as text: the service reads the other settings from the environment and from a
 * file, and checks all of them.
 */
export function serviceCommand(name: string): Command {
  return withLog(withQueue(new Command(name), '(default: $DIST_QUEUE, else redis://127.0.0.1:6379)'))
}

/** Options of the connection to the queue. `otherwise` tells which queue it is without them. */
export function withQueue(command: Command, otherwise: string): Command {
  return command
    .option('--queue <url>', `the Redis that carries the queue ${otherwise}`)
    .option('--queue-username <name>', 'the user of the queue; a password is never a flag')
    .option('--queue-ca-file <file>', 'trusted authorities for rediss://, PEM')
}

/** Options of every service: its settings file, its log and its end. */
export function withLog(command: Command): Command {
  return command
    .option('--config <file>', 'settings as YAML, TOML or JSON (default: $DIST_CONFIG)')
    .addOption(
      withValues(
        new Option('--log-level <level>', 'the minimum level of the log (default: info)'),
        logLevels,
      ),
    )
    .option('--deadline <duration>', 'maximum time of a shutdown (default: 10s)')
    .option('-v, --verbose', 'show where an error comes from')
}

/** Options of services that transfer content. */
export function withMirror(command: Command): Command {
  return command
    .option(
      '--store <url>',
      'the store of all services of the queue: a folder, or s3://bucket/prefix?endpoint=...',
    )
    .option('--hosts-dir <dir>', 'settings per host, <dir>/<host>/hosts.toml; separated by commas')
    .option('--authfile <file>', 'credentials, in the form of docker’s config.json')
    .option('--registries-conf <file>', 'mirrors, locations and blocked registries, as podman reads them')
    .option(
      '--addresses <net>',
      'networks that every registry may refer to, such as 10.0.0.0/8; separated by commas',
    )
    .option('--s3-requests <way>', 'small requests to a bucket: fast, or sdk with all steps (default: fast)')
    .option('--large-blobs <way>', 'how large blobs are received: fast, or by undici (default: fast)')
    .option('--requests-per-host <n>', 'requests in flight at one registry, over all services (default: 8)')
    .option(
      '--host-patience <duration>',
      'how long a registry that no longer answers is retried before its images fail (default: 15m)',
    )
}

/** Milliseconds for open connections to close. */
const shutdownGraceMs = 500

/**
 * Runs a service until the signal aborts; that is exit code 0. The reason of a failed start is the last line of its log.
 */
export async function serve(
  name: ServiceName,
  { env, signal, stdout }: Context,
  run: (context: ServiceContext) => Promise<void>,
): Promise<number> {
  try {
    await run({ env, signal, log: stdout })
  } catch (error) {
    const { logEnd } = await import('@dist/service')
    logEnd(name, stdout, error)
    return exitCodeOf(error)
  }
  // Connections that are still open after the deadline must not keep the process alive.
  setTimeout(() => process.exit(), shutdownGraceMs).unref()
  return exitCodes.done
}
