import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { waitFor } from '@dist/testkit/servers'
import { expect } from 'vitest'
import type { LogLine } from './services.js'
import { jsonLines, type Running, type Workspace } from './workspace.js'

/** A running `dist serve`. */
export interface Serving {
  readonly running: Running
  /** `http://127.0.0.1:port`, or https, without a slash at its end. */
  readonly url: string
  /** `127.0.0.1:port`. */
  readonly host: string
  readonly health: string
  /** The environment that it was started with, beside that of the workspace. */
  readonly env: Readonly<Record<string, string>>
  lines(): LogLine[]
  /** Sends a request; the path is sent as it is. */
  ask(path: string, options?: AskOptions): Promise<Reply>
}

export interface AskOptions {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** The certificate of the authority, PEM, for https. */
  readonly ca?: string | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body as JSON. */
  json(): unknown
  /** The code of the first error. */
  code(): string | undefined
}

/** Starts `dist serve` at a free port; killed at the end of the test. */
export async function startServe(
  workspace: Workspace,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Serving> {
  const running = workspace.start(['serve', '--listen', '127.0.0.1:0', ...args], { env })
  const lines = () => jsonLines<LogLine>(running.stdout().replace(/[^\n]*$/, ''))
  const find = (message: string) => lines().find(({ msg }) => msg === message)
  const ended = running.ended.then(() => true)
  const isOver = async () => find('ready') !== undefined || (await Promise.race([ended, false]))
  await waitFor(isOver, '"ready" in the log of dist serve', 30_000)
  const ready = find('ready') ?? expect.unreachable(`it ended: ${running.stdout()}${running.stderr()}`)
  const url = String(ready.url).replace(/\/$/, '')
  const ask = (path: string, options: AskOptions = {}) => askAt(url, path, options)
  return { running, url, host: new URL(url).host, health: `http://${ready.listen}`, env, lines, ask }
}

/** Sends a request with a connection of its own. */
export function askAt(
  url: string,
  path: string,
  { method = 'GET', headers = {}, body, ca }: AskOptions = {},
): Promise<Reply> {
  const { hostname, port, protocol } = new URL(url)
  const request = protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false, ca }, (response) => {
      replyOf(response).then(resolve, reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function replyOf(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const json = () => JSON.parse(body.toString())
  const code = () => (json() as { errors?: { code?: string }[] }).errors?.[0]?.code
  return { status: response.statusCode ?? 0, headers: response.headers, body, json, code }
}
