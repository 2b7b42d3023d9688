import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { DistError } from '@dist/errdefs'

/** The key that signs tokens, by ES256. */
export interface TokenKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Reads a private key of the curve P-256 from PEM. Throws `INVALID_ARGUMENT`; the message has no part of the key. */
export function parseTokenKey(pem: string, path: string): TokenKey {
  const how = 'make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256'
  const invalid = (what: string, cause?: unknown) =>
    new DistError('INVALID_ARGUMENT', `--token-key: ${path} ${what}; ${how}`, { cause })
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(pem)
  } catch (cause) {
    throw invalid('has no private key in PEM form', cause)
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw invalid('has a key of another kind than P-256')
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** A new key. Only this process has it. */
export function makeTokenKey(): TokenKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}
