import type { Descriptor } from '@dist/oci'

/** Returned by a handler: nothing below this descriptor is looked at. Its siblings are. */
export const skipDesc: unique symbol = Symbol('skipDesc')

export interface HandlerContext {
  /** Aborts when the walk is given up. */
  readonly signal?: AbortSignal | undefined
}

export type HandlerResult = readonly Descriptor[] | typeof skipDesc

/** Does something for a descriptor and returns its children. */
export type Handler = (desc: Descriptor, context: HandlerContext) => Promise<HandlerResult>

/**
 * One handler out of several: each is called in turn, and the children are those of all, in order.
 * `skipDesc` from one ends the chain for this descriptor.
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
