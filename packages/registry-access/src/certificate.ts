import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { DistError } from '@dist/errdefs'
import { readNamed, type Watched, type WatchOptions, watchFiles } from '@dist/sign-in'

/** The files of `--tls-cert` and `--tls-key`, PEM. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A certificate, with those that lead to its authority, and its private key. PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  /** The end of its validity, as the certificate has it. */
  readonly until: string
}

/**
 * The certificate of a server, read again when its files change. Throws `INVALID_ARGUMENT` when the files are not a certificate
 * and its key.
 */
export async function watchCertificate(
  { cert, key }: CertificateFiles,
  options: WatchOptions,
): Promise<Watched<Certificate>> {
  return await watchFiles([cert, key], () => loadCertificate(cert, key), options)
}

async function loadCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const [cert, key] = await Promise.all([readNamed('--tls-cert', certFile), readNamed('--tls-key', keyFile)])
  const leaf = checked(certFile, 'no certificate in PEM form', () => new X509Certificate(cert))
  checked(keyFile, `no private key of the certificate in ${certFile}`, () =>
    createSecureContext({ cert, key }),
  )
  return { cert, key, until: leaf.validTo }
}

function checked<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new DistError('INVALID_ARGUMENT', `${file} has ${what}`, { cause })
  }
}
