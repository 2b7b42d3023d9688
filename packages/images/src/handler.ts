import type { Descriptor } from '@dist/oci'

/** A handler returns it to skip everything below the descriptor. The siblings are visited. */
export const skipDesc: unique symbol = Symbol('skipDesc')

export interface HandlerContext {
  /** Aborts when the walk fails or its caller aborts it. */
  readonly signal?: AbortSignal | undefined
  /** Levels below the roots of the walk; 0 for a root. */
  readonly depth?: number | undefined
}

export type HandlerResult = readonly Descriptor[] | typeof skipDesc

/** Handles a descriptor and returns its children. */
export type Handler = (desc: Descriptor, context: HandlerContext) => Promise<HandlerResult>

/**
 * Combines handlers: calls each in turn and returns the children of all, in order. `skipDesc` from one ends the chain for
 * this descriptor.
 */
export function handlers(...chain: readonly Handler[]): Handler {
  return async (desc, context) => {
    const children: Descriptor[] = []
    for (const handler of chain) {
      const result = await handler(desc, context)
      if (result === skipDesc) return skipDesc
      for (const child of result) children.push(child)
    }
    return children
  }
}
