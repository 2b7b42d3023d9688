import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettings } from '../src/read.js'

const folder = mkdtempSync(join(tmpdir(), 'dist-registries-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function read(content: string, env: Readonly<Record<string, string>> = {}) {
  const config = join(folder, 'dist.yaml')
  writeFileSync(config, content)
  return (await readSettings('worker', { config }, env)).registries
}

describe('registries in a file of settings', () => {
  it('have hosts as in references, and paths below the folder of the file', async () => {
    const registries = await read(`registries:
  index.docker.io: { username: ada, password-file: hub, mirrors: [Cache.LAN:5000, docker.io] }
  lab.example:5000: { ca-file: /etc/ca.pem, insecure-skip-tls-verify: true }
  10.0.0.7:5000: { plain-http: true }
`)
    expect(registries).toEqual({
      'docker.io': {
        username: 'ada',
        passwordFile: join(folder, 'hub'),
        mirrors: ['cache.lan:5000', 'docker.io'],
      },
      'lab.example:5000': { caFile: '/etc/ca.pem', insecureSkipTlsVerify: true },
      '10.0.0.7:5000': { plainHttp: true },
    })
  })

  it('are those of the section of a service, where it has some', async () => {
    const content = 'registries: { a.io: {} }\nworker: { registries: { b.io: {} } }\n'
    expect(await read(content)).toEqual({ 'b.io': {} })
  })

  it('have the values of variables, which add no keys', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of variables
    const content = 'registries: { "r.io": { username: "${USER_}", password: "a$${B}${SECRET}" } }\n'
    const env = { USER_: 'x, password: y', SECRET: 's' }
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of variables
    const expected = { username: 'x, password: y', password: 'a${B}s' }
    expect(await read(content, env)).toMatchObject({ 'r.io': expected })
    await expect(read(content)).rejects.toThrow(/^registries in \S+dist.yaml: the variable USER_ is not set$/)
  })

  it('are neither a flag nor a variable', async () => {
    const registries = { 'r.io': { username: 'u', password: 'p' } }
    const env = { DIST_REGISTRIES: JSON.stringify(registries) }
    expect((await readSettings('worker', { registries } as object, env)).registries).toBeUndefined()
  })

  it.each([
    ['[]', 'a map from hosts to their settings is expected'],
    ['{ a/b: {} }', 'a/b: a host is expected, such as registry.example.com:5000'],
    ['{ a.b: { user: hunter2 } }', 'a.b: unknown key user: allowed are username, '],
    ['{ a.b: { plain-http: hunter2 } }', 'a.b.plain-http: true or false is expected'],
    ['{ a.b: { password: hunter2 } }', 'a.b: a password needs a username: add username'],
    ['{ a.b: { username: hunter2 } }', 'a.b.username: a username needs a password: add password-file'],
    ['{ a.b: { mirrors: ["https://hunter2.lan"] } }', 'a.b.mirrors.0: a host is expected'],
  ])('with the mistake %s are refused by key, without the value', async (value, message) => {
    const error = await read(`registries: ${value}`).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
    expect(error.message).toMatch(/^registries in \S+dist.yaml: /)
    expect(error.message).not.toContain('hunter2')
  })
})
