import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { DistError, isNotFound } from '@dist/errdefs'
import type { RunStatus, Runs } from '@dist/runs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { findRun } from './handlers.js'
import type { Streamers } from './mount.js'

/** Milliseconds between two looks at a run. Those who follow it share them. */
const lookMs = 500
/** Milliseconds after which a stream without events gets a comment, so that proxies keep it open. */
const silentMs = 15_000
/** Streams that are open at the same time. */
const openAtMost = 500

/** What a look at a run has found. `id`: the same for the same state. */
interface Look {
  readonly id: string
  readonly status: RunStatus
}

type Listener = (look: Look | undefined) => void

/** Follows runs for any number of streams: each run is looked at once for all of them. */
export class Followers {
  readonly #listeners = new Map<string, Set<Listener>>()
  #open = 0
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly runs: Pick<Runs, 'status' | 'resolve'>) {}

  /** The stream of one request. It ends with the run, and with the connection. */
  readonly stream: Streamers['followRun'] = async ({ params }, request, reply) => {
    if (this.#open >= openAtMost)
      throw new DistError('RESOURCE_EXHAUSTED', `${openAtMost} streams are open: close some of them first`)
    const run = await findRun(this.runs, params.run)
    const first = lookOf(await this.runs.status(run))
    this.#open++
    try {
      await this.#follow(run, first, request, reply)
    } finally {
      this.#open--
    }
  }

  #follow(run: string, first: Look, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const raw = openStream(reply)
    if (raw === undefined) return Promise.resolve()
    const listener = writerOf(raw, request.headers['last-event-id'])
    return new Promise((resolve) => {
      raw.on('close', () => {
        this.#remove(run, listener)
        resolve()
      })
      this.#add(run, listener)
      listener(first)
    })
  }

  #add(run: string, listener: Listener): void {
    const known = this.#listeners.get(run) ?? new Set()
    known.add(listener)
    this.#listeners.set(run, known)
    this.#timer ??= setInterval(() => void this.#look(), lookMs)
  }

  #remove(run: string, listener: Listener): void {
    const known = this.#listeners.get(run)
    known?.delete(listener)
    if (known?.size === 0) this.#listeners.delete(run)
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    await Promise.all(
      [...this.#listeners].map(async ([run, listeners]) => {
        try {
          const look = lookOf(await this.runs.status(run))
          for (const listener of [...listeners]) listener(look)
        } catch (error) {
          // Streams stay open while Redis is away.
          if (isNotFound(error)) for (const listener of [...listeners]) listener(undefined)
        }
      }),
    )
  }
}

/** Answers by a stream of events. Undefined: the connection is closed already. */
export function openStream(reply: FastifyReply): ServerResponse | undefined {
  reply.hijack()
  const { raw } = reply
  if (raw.closed) return undefined
  const type = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  raw.writeHead(200, { ...headersOf(reply), ...type })
  raw.flushHeaders()
  return raw
}

/** Writes what is found to a stream: each change, and the end. `last`: the id of the event that the reader has seen last. */
function writerOf(raw: ServerResponse, last: unknown): Listener {
  let seen = last
  let writtenAt = performance.now()
  return (look) => {
    if (look === undefined) return void raw.end()
    const hasEnded = look.status.state !== 'running'
    // A reader that is slow gets the next state instead.
    if (raw.writableNeedDrain && !hasEnded) return
    if (look.id !== seen) raw.write(eventOf('run', look))
    else if (performance.now() - writtenAt > silentMs) raw.write(':\n\n')
    else if (!hasEnded) return
    seen = look.id
    writtenAt = performance.now()
    if (hasEnded) raw.end(eventOf('end', look))
  }
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]))
}

/** The time of work passes also when nothing happens: it is no change. */
function lookOf(status: RunStatus): Look {
  const { elapsed: _, ...rest } = status
  const id = createHash('sha256').update(JSON.stringify(rest)).digest('base64url').slice(0, 16)
  return { id, status }
}

function eventOf(name: 'run' | 'end', { id, status }: Look): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(status)}\n\n`
}
