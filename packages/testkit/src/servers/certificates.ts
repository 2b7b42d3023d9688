import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A certificate for 127.0.0.1 and localhost, and the authority that signed it, made for one server. PEM files. */
export interface Certificates {
  readonly ca: { readonly file: string; readonly pem: string }
  readonly certFile: string
  readonly keyFile: string
}

/** Makes them in a folder, with openssl. They are good for two days. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ')
  const request = (...args: string[]) =>
    promisify(execFile)('openssl', ['req', '-x509', ...key, ...args], { cwd: directory })
  await request('-subj', '/CN=dist test authority', '-keyout', 'ca.key', '-out', 'ca.pem')
  const names = ['subjectAltName=IP:127.0.0.1,DNS:localhost', 'basicConstraints=CA:FALSE']
  await request(
    ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-subj', '/CN=127.0.0.1'],
    ...names.flatMap((name) => ['-addext', name]),
    ...['-keyout', 'server.key', '-out', 'server.pem'],
  )
  const file = (name: string) => join(directory, name)
  return {
    ca: { file: file('ca.pem'), pem: await readFile(file('ca.pem'), 'utf8') },
    certFile: file('server.pem'),
    keyFile: file('server.key'),
  }
}
