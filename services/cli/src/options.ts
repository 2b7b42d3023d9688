import { type Command, InvalidArgumentError, Option } from 'commander'

export interface OutputOptions {
  json?: boolean | undefined
  verbose?: boolean | undefined
}

export interface StoreOptions extends OutputOptions {
  store?: string | undefined
}

export interface QueueOptions extends OutputOptions {
  queue?: string | undefined
  server?: string | undefined
}

export interface RemoteOptions extends OutputOptions {
  hostsDir?: string[] | undefined
  authfile?: string | undefined
  plainHttp?: string[] | undefined
  insecureSkipTlsVerify?: string[] | undefined
  caFile?: string[] | undefined
  registriesConf?: string | undefined
}

/** How a command treats each host. */
export interface HostOptions {
  /** Transfers at the same time. Default: `defaultConcurrency`. */
  concurrency?: number | undefined
  /** Requests at the same time, as given. */
  requestsPerHost?: string | undefined
  /** Milliseconds. */
  hostPatience?: number | undefined
}

/** Which referrers of images are wanted. */
export interface ReferrersOptions {
  /** Default: as the command does. */
  referrers?: boolean | undefined
  /** Only referrers of these artifact types. */
  artifactType?: string[] | undefined
}

export const defaultConcurrency = 8

/** Options of every command. */
export function withOutput(command: Command): Command {
  return command
    .option('--json', 'print JSON, one object a line')
    .option('-v, --verbose', 'log requests; show where an error comes from')
}

/** Options of commands that use a store. */
export function withStore(command: Command): Command {
  return withOutput(command).option(
    '--store <url>',
    'the store: a folder, or s3://bucket/prefix?endpoint=... (default: $DIST_STORE, else $XDG_DATA_HOME/dist)',
  )
}

/** The option of commands that print a table. */
export function withTable(command: Command): Command {
  return command.option('--no-trunc', 'on a terminal: print whole digests and names, of any width')
}

/** The option of commands that use snapshots. */
export function withSnapshots(command: Command): Command {
  return command.option(
    '--snapshots <dir>',
    'the folder of root filesystems (default: $DIST_SNAPSHOTS, else $XDG_DATA_HOME/dist-snapshots)',
  )
}

/** The options of commands that use a queue. */
export function withQueue(command: Command): Command {
  return withRedis(command).option(
    '--server <url>',
    'in place of the queue: its dashboard, https://host:port (default: $DIST_SERVER; the token is $DIST_TOKEN)',
  )
}

/** The option of commands that can have services do what they would do themselves. `instead`: of what. */
export function withServer(command: Command, instead: string): Command {
  return command.option(
    '--server <url>',
    `in place of ${instead}: a dashboard, https://host:port (default: $DIST_SERVER; the token is $DIST_TOKEN)`,
  )
}

/** The option of commands that use the Redis of a queue. */
export function withRedis(command: Command): Command {
  return command.option(
    '--queue <url>',
    'the queue of the services, redis://host:port (default: $DIST_QUEUE)',
  )
}

/** Options of commands that use a registry. */
export function withRemote(command: Command): Command {
  return withHost(command).option(
    '--registries-conf <file>',
    'mirrors, locations and blocked registries, as podman reads them (default: $DIST_REGISTRIES_CONF)',
  )
}

/** Options of commands that use the host of a registry, and no other place of its repositories. */
export function withHost(command: Command): Command {
  return command
    .option('--hosts-dir <dir>', 'settings per host, <dir>/<host>/hosts.toml; may be repeated', collect)
    .option('--authfile <file>', 'credentials, in the form of docker’s config.json')
    .option('--plain-http <host>', 'use plain http for this host only; may be repeated', collect)
    .option(
      '--insecure-skip-tls-verify <host>',
      'accept any certificate of this host only; may be repeated',
      collect,
    )
    .option(
      '--ca-file <file>',
      'additional trusted authorities, PEM: host=file for this host only, file for all registries; may be repeated',
      collect,
    )
}

/** Options of commands that transfer many blobs. */
export function withTransfers(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--concurrency <n>',
        `simultaneous transfers from each host (default: ${defaultConcurrency})`,
      ).argParser(positive),
    )
    .option('--requests-per-host <n>', 'simultaneous requests to each host (default: 8)')
    .addOption(
      new Option(
        '--host-patience <duration>',
        'how long a failing host that has answered before is retried (default: 15m)',
      ).argParser(duration),
    )
}

/** Options of commands that bring referrers if they are asked to. */
export function withReferrers(command: Command): Command {
  return withArtifactTypes(
    command.option('--referrers', 'also bring signatures, SBOMs and other referrers of the images'),
  )
}

function withArtifactTypes(command: Command): Command {
  return command.option(
    '--artifact-type <type>',
    'bring only referrers of this artifact type; may be repeated',
    collect,
  )
}

/** Options of commands that send an image to a registry. */
export function withSending(command: Command): Command {
  const sending = withTransfers(withRemote(command))
    .option('--platform <os/arch[/variant]>', 'send this platform of an index; may be repeated', collect)
    .option('--no-referrers', 'without signatures and other referrers of the image')
  return withArtifactTypes(sending)
    .option('--check', 'check every part, even if the tag has the image already')
    .addOption(
      new Option('--chunk-size <bytes>', 'send larger blobs in chunks of this size').argParser(positive),
    )
}

export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

export function positive(value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 up.')
  return number
}

/** Reads a size in bytes. */
export function byteCount(value: string): number {
  const number = Number(value)
  if (value === '' || !Number.isSafeInteger(number) || number < 0)
    throw new InvalidArgumentError('It must be a number of bytes.')
  return number
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a duration as `30s`, `1m30s`, `500ms`, `24h`; in milliseconds. */
export function duration(value: string): number {
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (value === '0') return 0
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== value) {
    throw new InvalidArgumentError('It must be a duration such as 30s, 1m30s or 24h.')
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0)
}
