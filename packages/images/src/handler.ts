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
