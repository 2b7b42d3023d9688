/** A command of the SDK, as far as it is needed to set a header of its request. */
interface Command {
  readonly middlewareStack: {
    add(middleware: never, options: { step: 'build'; name: string }): void
  }
}

type Next = (args: { request: unknown }) => Promise<unknown>

/** For bytes whose hash nobody wants to compute: they are not part of the signature. */
export const unsigned = 'UNSIGNED-PAYLOAD'

/**
 * Says what the signature takes for the hash of the payload: its sha256 in hex where that is known, which the server
 * then checks, or `unsigned`. Without it the SDK hashes all bytes once more.
 */
export function withPayloadHash<C>(command: C & Command, hash: string): C {
  const middleware = (next: Next) => (args: { request: unknown }) => {
    const { headers } = args.request as { headers: Record<string, string> }
    headers['x-amz-content-sha256'] = hash
    return next(args)
  }
  command.middlewareStack.add(middleware as never, { step: 'build', name: 'payloadHash' })
  return command
}
