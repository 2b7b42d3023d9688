import { Command } from 'commander'
import type { Define } from '../context.js'
import { printConfig } from './print-config.js'
import { serve, withLog, withQueue } from './services.js'

const examples = `
Clients pull by the path <host>/<repository>, with an underscore for the colon of a port, or take the registry for a mirror.
Without --htpasswd or --anonymous it listens on loopback only. Logs are JSON on stdout. On SIGTERM it lets transfers end, and ends.

Examples:
  $ dist pull alpine && dist serve
  $ docker pull localhost:5000/docker.io/library/alpine
  $ dist serve --print-config containerd > /etc/containerd/certs.d/_default/hosts.toml
  $ dist serve --listen 0.0.0.0:5000 --anonymous --store 's3://mirror/images?endpoint=http://10.0.0.6:8333'`

export const serveCommand: Define = (context, onExit) =>
  withLog(withQueue(new Command('serve'), '(default: $DIST_QUEUE, else none)'))
    .option('--store <url>', 'the store: a folder, or s3://bucket/prefix?endpoint=... (default: $DIST_STORE)')
    .option('--s3-requests <way>', 'small requests to a bucket: fast, or sdk with all steps (default: fast)')
    .option('--listen <host:port>', 'the address of the registry (default: 127.0.0.1:5000)')
    .option(
      '--health-listen <host:port>',
      'address of /healthz, /readyz and /metrics (default: 127.0.0.1:9467, or a free port)',
    )
    .option('--anonymous', 'every client that reaches the address may read')
    .option('--htpasswd <file>', 'users and bcrypt hashes of their passwords: users sign in')
    .option('--rights <file>', 'the repositories that each user may read (default: all)')
    .option('--token-key <file>', 'the private key that signs tokens, for several instances, PEM')
    .option('--public-url <url>', 'the address at which clients reach the registry')
    .option('--tls-cert <file>', 'the certificate of the registry, PEM')
    .option('--tls-key <file>', 'the private key of the certificate, PEM')
    .option('--trusted-proxies <net>', 'networks of proxies whose X-Forwarded headers are believed')
    .option('--client-rate <n>', 'requests per second of one client (default: no maximum)')
    .option('--default-registry <host>', 'the registry of names without a host, such as docker.io')
    .option('--refresh <duration>', 'how old the answer about a name in a bucket may be (default: 30s)')
    .option(
      '--redirect <size>',
      'blobs in a bucket from this size on are fetched from there, or never (default: 256KiB)',
    )
    .option('--redirect-endpoint <url>', 'the address of the bucket’s server for clients')
    .option('--no-redirect-range', 'answer requests for a range of a blob here')
    .option('--max-connections <n>', 'connections of clients (default: 10000)')
    .option('--max-streams <n>', 'blobs that are sent at the same time (default: 1000)')
    .option(
      '--stall-timeout <duration>',
      'a client that takes no bytes for so long is cut off (default: 60s)',
    )
    .option(
      '--print-config <client>',
      'print what containerd, docker, podman, crio or k3s needs to pull from here, and end',
    )
    .addHelpText('after', examples)
    .action(async ({ redirectRange, printConfig: client, ...given }) => {
      const flags = { ...given, ...(redirectRange === false ? { noRedirectRange: true } : {}) }
      if (client !== undefined) return onExit(await printConfig(context, client, flags))
      const { runRegistry } = await import('@dist/registry')
      onExit(await serve('registry', context, (service) => runRegistry(flags, service)))
    })
