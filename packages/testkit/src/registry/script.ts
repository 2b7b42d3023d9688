import type { Reply } from './reply.js'
import { matches, type RecordedRequest, type RequestMatch } from './request.js'

/** Computes what is properly sent: for the request itself, or for another one in its stead. */
export type ProperReply = (instead?: RecordedRequest) => Promise<Reply>

/** Makes what is sent out of what would have been sent. */
export type Fault = (request: RecordedRequest, proper: ProperReply) => Reply | Promise<Reply>

export interface ScriptOptions {
  /** How many matching requests pass unharmed first. Default 0. */
  readonly after?: number | undefined
  /** How many are harmed then. Default: all. */
  readonly times?: number | undefined
  /** Plays the fault before the request's body is read. Default: after it. */
  readonly early?: boolean | undefined
}

interface Rule {
  readonly match: RequestMatch
  readonly fault: Fault
  readonly after: number
  readonly times: number
  readonly early: boolean
  seen: number
}

/** The faults that a server plays. */
export class Script {
  readonly #rules: Rule[] = []

  add(
    match: RequestMatch,
    fault: Fault,
    { after = 0, times = Number.POSITIVE_INFINITY, early = false }: ScriptOptions,
  ): void {
    this.#rules.unshift({ match, fault, after, times, early, seen: 0 })
  }

  /** Whether the fault that is due for a request is played before its body is read. */
  early(request: RecordedRequest): boolean {
    const due = this.#rules.find(
      (rule) =>
        matches(rule.match, request) && rule.seen >= rule.after && rule.seen < rule.after + rule.times,
    )
    return due?.early ?? false
  }

  /** The answer to a request: the first rule's that is due, else the proper one. */
  async apply(
    request: RecordedRequest,
    answer: (request: RecordedRequest) => Reply | Promise<Reply>,
  ): Promise<Reply> {
    const proper: ProperReply = async (instead = request) => answer(instead)
    let due: Rule | undefined
    for (const rule of this.#rules) {
      if (!matches(rule.match, request)) continue
      const call = rule.seen++
      if (call >= rule.after && call < rule.after + rule.times) due ??= rule
    }
    return due === undefined ? proper() : due.fault(request, proper)
  }
}
