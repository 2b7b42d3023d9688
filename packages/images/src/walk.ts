import { DistError, linkSignals, throwIfAborted } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { type Handler, skipDesc } from './handler.js'
import { Visited } from './visited.js'

export interface WalkOptions {
  /** How many handlers run at the same time. Default: 1. */
  concurrency?: number | undefined
  signal?: AbortSignal | undefined
}

interface Node {
  readonly desc: Descriptor
  readonly depth: number
}

/**
 * Calls the handler for each root, then for its children, and so on: parents before children, depth first, each digest
 * once. Up to `concurrency` handlers run at the same time and start in that order. The first error aborts the signal of
 * the handlers that run, waits until they have ended, and is thrown. Throws `MALFORMED` for trees that are too deep, too
 * wide, have too many bytes of manifests, or name one digest with two sizes; `INVALID_ARGUMENT` for a concurrency below 1.
 */
export async function walk(
  handler: Handler,
  roots: readonly Descriptor[],
  { concurrency = 1, signal: outer }: WalkOptions = {},
): Promise<void> {
  if (!(concurrency >= 1))
    throw new DistError('INVALID_ARGUMENT', `walk: concurrency ${concurrency} is below 1`)
  using linked = linkSignals(outer)
  const { signal } = linked
  const visited = new Visited()
  // A stack keeps at most one level of siblings for each depth. The queue of p-limit would keep whole levels.
  const stack: Node[] = []
  const push = (descs: readonly Descriptor[], depth: number) => {
    for (const desc of descs.toReversed()) stack.push({ desc, depth })
  }
  const visit = async ({ desc, depth }: Node): Promise<void> => {
    throwIfAborted(signal)
    const children = await handler(desc, { signal, depth })
    if (children !== skipDesc) push(children, depth + 1)
  }
  push(roots, 0)
  await new Promise<void>((resolve, reject) => {
    let running = 0
    let failure: { error: unknown } | undefined
    const fail = (error: unknown) => {
      failure ??= { error }
      linked.abort(error)
    }
    const settle = () => {
      running--
      start()
    }
    const start = () => {
      while (failure === undefined && running < concurrency) {
        const node = nextNode(stack, visited, fail)
        if (node === undefined) break
        running++
        visit(node).catch(fail).then(settle)
      }
      if (running > 0) return
      if (failure === undefined) resolve()
      else reject(failure.error)
    }
    start()
  })
}

/** Takes the next node that is new from the stack. */
function nextNode(stack: Node[], visited: Visited, fail: (error: unknown) => void): Node | undefined {
  try {
    for (let node = stack.pop(); node !== undefined; node = stack.pop())
      if (visited.add(node.desc, node.depth)) return node
  } catch (error) {
    fail(error)
  }
  return undefined
}
