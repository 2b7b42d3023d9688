import type { Code } from '@dist/errdefs'

const advice: Readonly<Record<Code, string>> = {
  INVALID_ARGUMENT: 'Correct the name or the request; a retry alone fails again.',
  MALFORMED: 'The registry has sent what no image can have: tell its operator. Retry once it is mended.',
  FAILED_PRECONDITION:
    'The content differs from its digest, or is not there as it should be: tell the operator of the registry.',
  NOT_FOUND: 'The registry has no such image. Check the name and the tag; retry once it is there.',
  ALREADY_EXISTS: 'The name is taken by something else. Choose another one, or remove it.',
  IN_USE: 'Another process uses it. Retry later.',
  UNAVAILABLE: 'The other side does not answer. Retry once it is up again.',
  UNAUTHENTICATED: 'The registry wants a login. Check the credentials of the services, then retry.',
  PERMISSION_DENIED:
    'The login may not read this, or the image does not exist. Check its rights, then retry.',
  RESOURCE_EXHAUSTED: 'A quota or a limit is used up. Retry when it is renewed, or sign in for a larger one.',
  DEADLINE_EXCEEDED: 'It took too long. Check the network and the registry, then retry.',
  CANCELED: 'It was stopped. Retry to go on.',
  NOT_IMPLEMENTED: 'The other side cannot do this. Use another registry or another store.',
  INTERNAL: 'An error of dist. The logs of the services tell more; retry, and report it if it stays.',
}

/** What people do about an error. A code of a newer service has no advice. */
export function adviceOf(code: Code): string | undefined {
  return advice[code]
}
