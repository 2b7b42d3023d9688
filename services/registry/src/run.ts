import type { IncomingMessage, RequestListener } from 'node:http'
import { codeOf } from '@dist/errdefs'
import { type Certificate, checkAccess, openAccess, tokenPath, watchCertificate } from '@dist/registry-access'
import { createRegistryServer, type Gate, type RegistryServer } from '@dist/registry-server'
import type { Service } from '@dist/runs'
import {
  measureRequests,
  runService,
  type ServiceContext,
  type ServiceHost,
  throttledLogger,
} from '@dist/service'
import { type Flags, readSettings, type Settings } from '@dist/settings'
import type { Watched } from '@dist/sign-in'
import { followChanges, type OpenedStore, openStoreToRead } from '@dist/wiring/services'
import manifest from '../package.json' with { type: 'json' }
import { logAnswer } from './access-log.js'
import { closeServer, createHttpServer, listenAt } from './server.js'
import { answerToken } from './token.js'

/**
 * Runs a registry until the signal aborts: it serves the images of a store, read-only. The health server has a separate address.
 * Resolves when it has stopped, at the latest 2 s after its deadline. Throws the error that prevents the start: settings
 * (`INVALID_ARGUMENT`, also for an address other than loopback that is not allowed), the store, or `UNAVAILABLE` when it
 * cannot listen.
 */
export async function runRegistry(flags: Flags<'registry'>, context: ServiceContext): Promise<void> {
  const settings = await readSettings('registry', flags, context.env)
  checkAccess(settings)
  const { healthListen: listen, logLevel, deadline } = settings
  const service = { name: 'registry', version: manifest.version, port: 9467, listen, logLevel, deadline }
  await runService(service, context, (host) => start(settings, host))
}

async function start(settings: Settings<'registry'>, host: ServiceHost): Promise<void> {
  await using access = await openAccess(settings, host)
  using certificate = await openCertificate(settings, host)
  await using store = await openStoreToRead(settings, host)
  const registry = openRegistry(store, settings, access.gate, host)
  await using _following = await follow(store, settings, host, registry)
  const answer: RequestListener = (request, response) => {
    // The client closes the connection, and finds another instance.
    if (host.context.signal.aborted) response.setHeader('connection', 'close')
    if (access.tokens === undefined || !isTokenRequest(request)) registry.handle(request, response)
    else answerToken(access.tokens, request, response, host.log)
  }
  const server = createHttpServer(answer, settings, certificate)
  const url = await listenAt(server, settings.listen)
  const service: Service = {
    get active() {
      return registry.active
    },
    ready: async () => {},
    checkReady: async () => {},
    stop: ({ deadline = settings.deadline } = {}) => closeServer(server, deadline),
  }
  await host.run(service, { version: manifest.version, url, store: store.url })
}

function isTokenRequest({ url = '' }: IncomingMessage): boolean {
  return url === tokenPath || url.startsWith(`${tokenPath}?`)
}

/** The certificate of the settings, if any. */
async function openCertificate(
  { tlsCert: cert, tlsKey: key }: Settings<'registry'>,
  { log }: ServiceHost,
): Promise<Watched<Certificate> | undefined> {
  if (cert === undefined || key === undefined) return undefined
  return await watchCertificate({ cert, key }, { log })
}

/** Follows the changes that services of the queue make, if there is a queue. */
async function follow(
  { id: storeId }: OpenedStore,
  { queue: url, ...access }: Settings<'registry'>,
  host: ServiceHost,
  registry: RegistryServer,
): Promise<AsyncDisposable | undefined> {
  if (url === undefined || storeId === undefined) return undefined
  return await followChanges({ url, access, storeId }, host, (name) => registry.changed(name))
}

/** Milliseconds for which an answer about a name in a folder holds: it costs no request. */
const localRefresh = 1_000

function openRegistry(
  store: OpenedStore,
  settings: Settings<'registry'>,
  gate: Gate,
  { log, metrics }: ServiceHost,
): RegistryServer {
  const { presign, local } = store
  const { redirect, refresh } = settings
  const problems = throttledLogger(log)
  const requests = measureRequests(metrics.registry)
  return createRegistryServer({
    content: store.content,
    names: store.names,
    gate,
    pathOf: local && ((digest) => local.pathOf(digest)),
    redirects:
      presign === undefined || redirect === 'never'
        ? undefined
        : { presign, minSize: redirect, ranges: !settings.noRedirectRange },
    defaultRegistry: settings.defaultRegistry,
    refresh: local === undefined ? refresh : Math.min(refresh, localRefresh),
    maxStreams: settings.maxStreams,
    onAnswered: (answered) => {
      requests.count(answered)
      logAnswer(log, answered)
    },
    onProblem: (subject, error) => {
      requests.problem(codeOf(error))
      problems.warn('the store has a problem', { subject, error })
    },
  })
}
