/** The part of a stack of the SDK that is needed to set a header of its requests. */
interface Stack {
  add(middleware: never, options: { step: 'build'; name: string; override: boolean }): void
}

type Next = (args: { request: unknown }) => Promise<unknown>

/** The payload hash of a request whose signature does not cover its bytes. */
export const unsigned = 'UNSIGNED-PAYLOAD'

/**
 * Sets the payload hash of the signature: a sha256 in hex, which the server then checks, or `unsigned`. Without it the
 * SDK hashes all bytes again.
 */
export function withPayloadHash<C>(command: C & { readonly middlewareStack: Stack }, hash: string): C {
  const middleware = (next: Next) => (args: { request: unknown }) => {
    setPayloadHash(args.request, hash)
    return next(args)
  }
  command.middlewareStack.add(middleware as never, { step: 'build', name: 'payloadHash', override: true })
  return command
}

export function setPayloadHash(request: unknown, hash: string): void {
  const { headers } = request as { headers: Record<string, string> }
  headers['x-amz-content-sha256'] = hash
}
