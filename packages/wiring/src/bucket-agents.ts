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

/** The internal method by which all agents of Node.js take requests, also those of agent-base. */
interface RequestTaker {
  addRequest(
    request: ClientRequest,
    options: AgentOptions & { host?: string | undefined; port?: number | undefined },
  ): void
}

/** Creates agents for the client of a bucket that select a proxy for each URL. The AWS SDK has no support for proxies. */
export function bucketAgents(proxy: ProxySettings, options: AgentOptions): S3Agents {
  const select = createProxySelector(proxy)
  return {
    http: new SelectingAgent(select, options, false),
    // An https.Agent also has a cache of sessions, which only https.Agent itself uses.
    https: new SelectingAgent(select, options, true) as HttpAgent as HttpsAgent,
  }
}

/** Delegates requests to one agent per proxy, and to one for direct connections. */
class SelectingAgent extends HttpAgent implements RequestTaker {
  readonly #agents = new Map<string, HttpAgent>()

  constructor(
    private readonly select: ProxySelector,
    private readonly settings: AgentOptions,
    private readonly secure: boolean,
  ) {
    super(settings)
    // Node.js compares it with the protocol of the request.
    Object.assign(this, { protocol: secure ? 'https:' : 'http:', defaultPort: secure ? 443 : 80 })
  }

  // Synchronous, before the request is written: a proxy may change the request line.
  addRequest(request: ClientRequest, options: Parameters<RequestTaker['addRequest']>[1]): void {
    try {
      const url = urlOf({ ...options, secureEndpoint: this.secure })
      const agent = this.#agentFor(this.select(url)) as HttpAgent & RequestTaker
      agent.addRequest(request, Object.assign(options, { secureEndpoint: this.secure }))
    } catch (error) {
      // As agents of Node.js report errors. A request that is destroyed this early would wait for a socket.
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
    const agent = this.#agents.get(key) ?? this.#create(proxy)
    this.#agents.set(key, agent)
    return agent
  }

  #create(proxy: ProxyServer | undefined): HttpAgent {
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
    // https-proxy-agent returns this as a response of the server. It is a response of the proxy.
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

/** The server of a request. */
interface RequestTarget {
  readonly secureEndpoint: boolean
  readonly host?: string | undefined
  readonly port?: number | undefined
}

function headersFor({ authorization }: ProxyServer): Record<string, string> {
  return authorization === undefined ? {} : { 'Proxy-Authorization': authorization }
}

/** Attributes the failure of a connection to the proxy. */
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
