import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** By what a sender may prove that it knows the secret. */
export interface Proof {
  /** The `Authorization` header: the secret, with or without `Bearer`. */
  readonly authorization?: string | undefined
  /** The last part of the path, for senders that send no headers of their own. */
  readonly path?: string | undefined
  /** `X-Hub-Signature-256`: `sha256=` and the HMAC of the body. One that is given has to be right. */
  readonly signature?: string | undefined
}

/** Whether the sender knows the secret. Takes the same time for all texts. */
export function isProven({ authorization, path, signature }: Proof, body: Buffer, secret: string): boolean {
  if (signature !== undefined)
    return isSame(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
  const given = authorization?.replace(/^Bearer +/i, '') ?? path
  return given !== undefined && isSame(given, secret)
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
