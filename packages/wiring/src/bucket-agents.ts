import { type ClientRequest, Agent as HttpAgent } from 'node:http'
import { type AgentOptions, Agent as HttpsAgent } from 'node:https'
import { isIPv6, type Socket } from 'node:net'
import type { S3Agents } from '@dist/content-s3'
import {
  createProxySelector,
  type ProxySelector,
  type ProxyServer,
  type ProxySettings,
  proxyError,
} from '@dist/registry-client'
import type { AgentConnectOpts } from 'agent-base'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'

/** What Node's agents have for its own use: all of them, those of agent-base included, take requests by it. */
interface RequestTaker {
  addRequest(
    request: ClientRequest,
    options: AgentOptions & { host?: string | undefined; port?: number | undefined },
  ): void
}

/** Connects the client of a bucket through the proxies that lead to its URLs: of itself it knows none. */
export function bucketAgents(proxy: ProxySettings, options: AgentOptions): S3Agents {
  const select = createProxySelector(proxy)
  return {
    http: new SelectingAgent(select, options, false),
    // What it lacks of an https.Agent is its cache of sessions, which nobody else uses.
    https: new SelectingAgent(select, options, true) as HttpAgent as HttpsAgent,
  }
}

/** Has another agent for each proxy, and one for what is reached directly. */
class SelectingAgent extends HttpAgent implements RequestTaker {
  readonly #agents = new Map<string, HttpAgent>()

  constructor(
    private readonly select: ProxySelector,
    private readonly settings: AgentOptions,
    private readonly secure: boolean,
  ) {
    super(settings)
    // Checked against the scheme of the request.
    Object.assign(this, { protocol: secure ? 'https:' : 'http:', defaultPort: secure ? 443 : 80 })
  }

  // At once, before anything of the request is written: it may have to be written otherwise.
  addRequest(request: ClientRequest, options: Parameters<RequestTaker['addRequest']>[1]): void {
    try {
      const url = urlOf({ ...options, secureEndpoint: this.secure })
      const agent = this.#agentFor(this.select(url)) as HttpAgent & RequestTaker
      agent.addRequest(request, Object.assign(options, { secureEndpoint: this.secure }))
    } catch (error) {
      // As Node's agents tell that there is no socket: a request that is destroyed so early would wait for one.
      const failing = request as unknown as { onSocket(socket: null, error: unknown): void }
      failing.onSocket(null, error)
    }
  }

  override destroy(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    super.destroy()
  }

  #agentFor(proxy: ProxyServer | undefined): HttpAgent {
    const key = proxy?.url ?? ''
    const agent = this.#agents.get(key) ?? this.#make(proxy)
    this.#agents.set(key, agent)
    return agent
  }

  #make(proxy: ProxyServer | undefined): HttpAgent {
    if (proxy === undefined) return new (this.secure ? HttpsAgent : HttpAgent)(this.settings)
    return this.secure ? new TunnelAgent(proxy, this.settings) : new ForwardAgent(proxy, this.settings)
  }
}

class TunnelAgent extends HttpsProxyAgent<string> {
  constructor(
    private readonly server: ProxyServer,
    settings: AgentOptions,
  ) {
    super(server.url, { ...settings, headers: headersFor(server) })
  }

  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Socket> {
    let status: number | undefined
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode
    })
    const socket = await attributeProxyError(super.connect(request, options), this.server, options)
    if (status === 200) return socket
    // Made to look as if the server itself had answered; it is the proxy that says no.
    socket.destroy()
    return await attributeProxyError(
      Promise.reject(new Error(`Proxy response (${status})`)),
      this.server,
      options,
    )
  }
}

class ForwardAgent extends HttpProxyAgent<string> {
  constructor(
    private readonly server: ProxyServer,
    settings: AgentOptions,
  ) {
    super(server.url, { ...settings, headers: headersFor(server) })
  }

  override connect(...[request, options]: Parameters<HttpProxyAgent<string>['connect']>): Promise<Socket> {
    return attributeProxyError(super.connect(request, options), this.server, options)
  }
}

/** Whom a request is for. */
interface RequestTarget {
  readonly secureEndpoint: boolean
  readonly host?: string | undefined
  readonly port?: number | undefined
}

function headersFor({ authorization }: ProxyServer): Record<string, string> {
  return authorization === undefined ? {} : { 'Proxy-Authorization': authorization }
}

/** What fails before there is a connection has failed at the proxy. */
async function attributeProxyError(
  connected: Promise<Socket>,
  { url }: ProxyServer,
  options: AgentConnectOpts,
): Promise<Socket> {
  try {
    return await connected
  } catch (cause) {
    const target = urlOf(options)
    throw proxyError(cause as Error, `the bucket at ${target.host}`, target, url) ?? cause
  }
}

function urlOf({ secureEndpoint, host = '', port }: RequestTarget): URL {
  const name = isIPv6(host) ? `[${host}]` : host
  return new URL(`${secureEndpoint ? 'https' : 'http'}://${name}:${port ?? ''}`)
}
