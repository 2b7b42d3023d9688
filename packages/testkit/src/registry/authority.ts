import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate with its key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface TestAuthority {
  /** The authority's own certificate, PEM. */
  readonly ca: string
  /** For servers on 127.0.0.1 and localhost. */
  readonly server: Certificate
  readonly client: Certificate
}

/** A new authority, which no system trusts, made by `openssl`. */
export function createTestAuthority(): TestAuthority {
  const directory = mkdtempSync(join(tmpdir(), 'authority-'))
  try {
    const file = (name: string) => join(directory, name)
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const ca = [
      '-keyout',
      file('ca.key'),
      '-out',
      file('ca.pem'),
      '-subj',
      '/CN=test authority',
      '-days',
      '2',
    ]
    openssl('req', '-x509', ...newKey, ...ca)
    const issue = (name: string): Certificate => {
      const extensions = file(`${name}.ext`)
      writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2,DNS:localhost,DNS:registry.test\n')
      const [key, csr, cert] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.pem`)]
      openssl('req', ...newKey, '-keyout', key, '-out', csr, '-subj', `/CN=${name}`)
      const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2']
      openssl('x509', '-req', '-in', csr, '-out', cert, ...signer, '-extfile', extensions)
      return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    }
    return { ca: readFileSync(file('ca.pem'), 'utf8'), server: issue('server'), client: issue('client') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
