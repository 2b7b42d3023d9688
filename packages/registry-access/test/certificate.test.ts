import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeCertificates } from '@dist/testkit/servers'
import { expect, it, onTestFinished } from 'vitest'
import { watchCertificate } from '../src/certificate.js'
import { silent, useFolder } from './support/access.js'

it('a certificate is read again once both of its files are new', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dist-certificate-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { certFile: cert, keyFile: key } = await makeCertificates(folder)
  const errors: object[] = []
  const log = { ...silent, error: (_: string, fields: object = {}) => errors.push(fields) }
  const watched = await watchCertificate({ cert, key }, { log, interval: 5 })
  onTestFinished(() => watched[Symbol.dispose]())
  const before = watched.current
  expect(before.cert).toBe(readFileSync(cert, 'utf8'))
  expect(Date.parse(before.until)).toBeGreaterThan(Date.now())
  writeFileSync(key, 'broken')
  await expect
    .poll(() => errors)
    .toMatchObject([{ why: `${key} has no private key of the certificate in ${cert}` }])
  expect(watched.current).toBe(before)
  await makeCertificates(dirname(cert))
  await expect.poll(() => watched.current.cert).not.toBe(before.cert)
})

it('files that are no certificate with its key are refused', async () => {
  const file = useFolder()
  const folder = dirname(file('x', ''))
  const { certFile: cert, keyFile } = await makeCertificates(folder)
  const key = file('other.key', readFileSync(join(folder, 'ca.key'), 'utf8'))
  const open = (files: { cert: string; key: string }) => watchCertificate(files, { log: silent })
  await expect(open({ cert, key })).rejects.toThrow(`${key} has no private key of the certificate in ${cert}`)
  await expect(open({ cert: keyFile, key: keyFile })).rejects.toThrow(
    `${keyFile} has no certificate in PEM form`,
  )
  await expect(open({ cert: '/nowhere', key })).rejects.toThrow(
    '--tls-cert: /nowhere cannot be read (ENOENT)',
  )
})
