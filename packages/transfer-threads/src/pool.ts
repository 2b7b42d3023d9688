import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { DistError } from '@dist/errdefs'
import type { IngestOptions, Outcome } from '@dist/mirror'
import type { BytesListener, Registry, RequestEvent } from '@dist/registry-client'
import type { Permit } from '@dist/remotes'
import { Channel, type Methods } from './channel.js'
import type {
  AcquireCall,
  AnsweredCall,
  AuthorizationCall,
  BytesCall,
  ChallengedCall,
  FailedCall,
  GrantedPermit,
  PassedCall,
  PauseCall,
  ProgressCall,
  ThreadSettings,
  ToldCall,
  TransferCall,
} from './protocol.js'

/** Bytes that a thread needs: its heap, and its transfers. */
export const threadMemory = 64 * 2 ** 20

/** More threads do not help: the network or the disk is the limit. */
export const maxThreads = 8

interface Thread {
  readonly worker: Worker
  readonly channel: Channel
  running: number
  /** Whether it has loaded its program. */
  ready: boolean
}

/** The listeners of a transfer. */
type TransferListeners = Pick<IngestOptions, 'onProgress' | 'onArrived'>

/** What is called for the requests of all threads. */
export interface RequestListeners {
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  readonly onBytes?: BytesListener | undefined
}

export type ThreadTask = Omit<TransferCall, 'transfer'>

/**
 * A pool of worker threads. Each thread fetches, hashes and writes complete blobs. Tokens and limits stay in the main thread,
 * and the threads request them. Threads start on demand, up to `size`; by default one per processor beside the main thread, at
 * least 1, at most 8.
 * Transfers go to threads that have loaded their program, if there are any.
 */
export class ThreadPool implements AsyncDisposable {
  readonly #threads: Thread[] = []
  /** Of the transfers in progress, by their numbers. */
  readonly #listeners = new Map<number, TransferListeners>()
  #lastTransfer = 0

  constructor(
    private readonly settings: ThreadSettings,
    private readonly remote: Pick<Registry, 'authorizer' | 'limiter'>,
    private readonly listeners: RequestListeners,
    private readonly size: number = Math.min(maxThreads, Math.max(1, availableParallelism() - 1)),
  ) {}

  /** Whether a thread has loaded its program. Starts one if there is none. */
  get isReady(): boolean {
    if (this.#threads.length === 0) this.#start()
    return this.#threads.some(({ ready }) => ready)
  }

  /** The transfers of the thread that has the fewest; 0 if another thread may start. */
  get fewestTransfers(): number {
    if (this.#threads.length < this.size) return 0
    return leastBusy(this.#threads)?.running ?? 0
  }

  /** Transfers a blob in the thread with the fewest transfers. Outcome and errors as of `transferBlob`. */
  async transfer(
    task: ThreadTask,
    options: TransferListeners & { signal?: AbortSignal | undefined },
  ): Promise<Outcome> {
    const thread = this.#selectThread()
    const transfer = ++this.#lastTransfer
    this.#listeners.set(transfer, options)
    thread.running++
    try {
      return await thread.channel.call<Outcome>(
        'transfer',
        { ...task, transfer } satisfies TransferCall,
        options.signal,
      )
    } finally {
      thread.running--
      this.#listeners.delete(transfer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The caller disposes of the pool after its transfers have ended.
    await Promise.all(this.#threads.map(endThread))
    this.#threads.length = 0
  }

  #selectThread(): Thread {
    const least = leastBusy(this.#threads)
    const isFull = this.#threads.length >= this.size
    const started = least !== undefined && (least.running === 0 || isFull) ? least : this.#start()
    return leastBusy(this.#threads.filter(({ ready }) => ready)) ?? started
  }

  #start(): Thread {
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: this.settings,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    const ready = async () => {
      thread.ready = true
    }
    const channel = new Channel(worker, { ...this.#methods(), ready })
    const thread: Thread = { worker, channel, running: 0, ready: false }
    const remove = (error: Error) => {
      thread.channel.fail(error)
      const at = this.#threads.indexOf(thread)
      if (at >= 0) this.#threads.splice(at, 1)
    }
    worker.on('error', (cause) =>
      remove(new DistError('INTERNAL', `a worker thread failed: ${cause.message}`, { cause })),
    )
    once(worker, 'exit').then(
      () => remove(new DistError('INTERNAL', 'a worker thread ended')),
      () => {},
    )
    this.#threads.push(thread)
    return thread
  }

  #methods(): Methods {
    const { authorizer, limiter } = this.remote
    const permits = new Map<number, Permit>()
    let lastPermit = 0
    const withAccount = <T extends object>(host: string, options?: T) => ({
      ...options,
      account: authorizer.accountOf(host),
    })
    return {
      authorization: ({ endpoint, scope }: AuthorizationCall) => authorizer.authorization(endpoint, scope),
      challenged: ({ endpoint, scope, challenges, rejected, reached }: ChallengedCall) =>
        authorizer.challenged(endpoint, scope, challenges, rejected, reached),
      withheld: ({ endpoint, scope }: AuthorizationCall) => authorizer.withheld(endpoint, scope),
      acquire: async ({ host, ...options }: AcquireCall, signal): Promise<GrantedPermit> => {
        const permit = await limiter.acquire(host, { ...withAccount(host, options), signal })
        permits.set(++lastPermit, permit)
        return { id: lastPermit, probes: permit.probes }
      },
      release: async (id: number) => {
        permits.get(id)?.release()
        permits.delete(id)
      },
      failed: ({ host, because, options }: FailedCall) => limiter.failed(host, because, options),
      answered: ({ host, options }: AnsweredCall) => limiter.answered(host, withAccount(host, options)),
      refused: ({ host, because, options, milliseconds }: PauseCall) =>
        limiter.refused(host, milliseconds, because, withAccount(host, options)),
      pause: ({ host, milliseconds, because, options }: PauseCall) =>
        limiter.pause(host, milliseconds, because, options),
      state: (host: string) => limiter.state(host),
      states: () => limiter.states(),
      takeBytes: async ({ host, bytes }: BytesCall): Promise<boolean> => {
        const wait = limiter.takeBytes(host, bytes)
        await wait
        return wait !== undefined
      },
      admitPull: (host: string) => limiter.admitPull(host),
      told: ({ host, quota }: ToldCall) => limiter.told(host, quota),
      pullTurn: (host: string) => limiter.pullTurn(host),
      quotas: () => limiter.quotas(),
      limits: () => limiter.limits(),
      requested: async (event: RequestEvent) => this.listeners.onRequest?.(event),
      passed: async ({ host, direction, bytes }: PassedCall) =>
        this.listeners.onBytes?.(host, direction, bytes),
      progress: async ({ transfer, offset }: ProgressCall) =>
        this.#listeners.get(transfer)?.onProgress?.(offset),
      arrived: async (transfer: number) => this.#listeners.get(transfer)?.onArrived?.(),
    }
  }
}

/** A thread that has loaded its program closes its store first. */
async function endThread({ worker, channel, ready }: Thread): Promise<void> {
  if (ready) await channel.call('close', undefined).catch(() => {})
  await worker.terminate()
}

function leastBusy(threads: readonly Thread[]): Thread | undefined {
  return threads.reduce<Thread | undefined>(
    (a, b) => (a === undefined || b.running < a.running ? b : a),
    undefined,
  )
}
