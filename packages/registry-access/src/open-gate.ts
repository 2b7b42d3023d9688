import type { Admission, Gate, GateRequest } from '@dist/registry-server'
import { isLoopback } from '@dist/settings'
import { hostnameOf, isForwarded } from '@dist/sign-in'
import type { Doorman } from './doorman.js'
import { denied } from './refusals.js'

/**
 * Admits all clients that reach the server. With `loopbackOnly` a request must name this machine, and must not come through a
 * proxy: another site may resolve its own name to loopback (DNS rebinding), and a proxy may pass on what others ask.
 */
export function openGate(doorman: Doorman, { loopbackOnly }: { readonly loopbackOnly: boolean }): Gate {
  return {
    admit: async (request): Promise<Admission> => {
      const { client, refusal } = doorman.greet(request)
      if (refusal !== undefined) return refusal
      const why = loopbackOnly ? outsider(request) : undefined
      return why === undefined ? { allowed: true, client } : { ...denied(why), client }
    },
  }
}

function outsider(request: GateRequest): string | undefined {
  const how = 'start the server with --htpasswd, or with --anonymous'
  if (!isLoopback({ host: hostnameOf(request) }))
    return `without sign-in only the names of this machine are answered, such as localhost: ${how}`
  if (isForwarded(request.headers)) return `without sign-in nothing is answered through a proxy: ${how}`
  return undefined
}
