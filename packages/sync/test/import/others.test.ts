import { formatTiming } from '@dist/schedule'
import { describe, expect, it } from 'vitest'
import { importFile } from '../../src/import/import.js'
import { compileEntry } from '../../src/place/compile.js'
import { imported, importedFixture, selectedOf, sourceOf } from './support.js'

const digest = 'sha256:4c1f0e7a2f7a3a3a8c0f6d5b9f0b6d0c3d6e2f1a0b9c8d7e6f5a4b3c2d1e0f9a'

describe('a file of skopeo sync', () => {
  it('is recognized, and selects the tags that skopeo selects', async () => {
    const { tool, file } = await importedFixture('skopeo.yaml')
    expect(tool).toBe('skopeo')
    const of = (source: string, listed: string) => selectedOf(file, source, listed)
    expect(await of('docker.io/library/alpine', '3.2 3.20 edge latest')).toBe('3.20 edge')
    expect(await of('docker.io/library/redis', '7.1 7.10')).toBe('7.10')
    expect(file.entries.map(sourceOf)).toContain(`docker.io/library/redis:${digest}`)
    expect(await of('docker.io/grafana/loki', 'a 1.0')).toBe('a 1.0')
    expect(await of('quay.io/prometheus/node-exporter', 'v1.7.0 v1.9.0 xv1.7.0 v1.8.1-rc')).toBe('v1.7.0')
    expect(await of('quay.io/coreos/etcd', 'v3.5 v3.5.1 xv3-5 v3.4')).toBe('v3.5 v3.5.1 xv3-5')
    expect(await of('registry.corp.example:8443/platform/base', 'a b')).toBe('a b')
    const api = '1.9.1 1.9.2 1.9.9 1.10.0 2.3.0 v3.9 3.0.0-rc1 4.0.0 latest'
    expect(await of('registry.corp.example:8443/platform/api', api)).toBe('1.9.2 1.9.9 2.3.0 v3.9')
    expect(await of('registry.corp.example:8443/platform/web', '5.0.0-rc1 5.1.0 6.0.0-rc1')).toBe(
      '5.0.0-rc1 5.1.0',
    )
  })

  it('has no user without a password, and a remark on a password without a user', async () => {
    const text = (key: string) => `q.io: { credentials: { ${key}: p }, images: { a: [] } }\n`
    expect((await imported(text('username'))).file.registries).toEqual({})
    expect(await importFile(text('password'))).toMatchObject({
      remarks: expect.arrayContaining([
        expect.objectContaining({ message: 'a password needs a username: add username' }),
      ]),
    })
  })

  it('keeps alternatives with and without prereleases apart', async () => {
    const { file } = await imported('q.io: { images-by-semver: { a: ">=2 <3 || >=4.0-0 <5" } }')
    const listed = '2.1-rc1 2.1 3.0-rc1 4.0.0-rc1 4.1 5.0.0-rc1 5.0'
    expect(await selectedOf(file, 'q.io/a', listed)).toBe('2.1 4.0.0-rc1 4.1 5.0.0-rc1')
  })

  it('has its settings of registries, and no password', async () => {
    const { text, file, remarks } = await importedFixture('skopeo.yaml')
    expect(text).not.toContain('hunter2')
    expect(file.registries).toMatchObject({
      'docker.io': { username: 'puller', passwordFile: '/etc/mirror/docker.io.password' },
      'registry.corp.example:8443': { insecureSkipTlsVerify: true },
    })
    expect(remarks.map((remark) => remark.split(' ').slice(0, 4).join(' '))).toEqual([
      '1 the destination of',
      '1 without --all, skopeo',
      '6 the password is',
      '12 skopeo then also',
      '13 name the certificates',
      '19 no images are',
      '20 the password is',
      '21 no images are',
      '22 note is ignored,',
    ])
  })
})

describe('a file of image-syncer', () => {
  it('is recognized, and selects and names what image-syncer does', async () => {
    const { tool, file } = await importedFixture('image-syncer.yaml')
    expect(tool).toBe('image-syncer')
    expect(file.entries.map((entry) => [sourceOf(entry), ...entry.to])).toEqual([
      ['quay.io/coreos/etcd', 'registry.example.net/mirror/etcd'],
      ['quay.io/jetstack/cert-manager-controller:v1.15.1', 'registry.example.net/cm/controller:1.15.1'],
      ['quay.io/jetstack/cert-manager-controller:v1.15.2', 'registry.example.net/cm/controller:1.15.2'],
      ['docker.io/library/nginx', 'registry.example.net/mirror/nginx', 'lab.local:5000/team/nginx'],
      ['docker.io/library/alpine', 'registry.example.net/alpine'],
      [expect.stringMatching(/^ghcr\.io\/acme\/tool:sha256:9b2c/), 'lab.local:5000/acme/tool'],
    ])
    const nginx = '1.25.3-alpine 1.28.0-alpine 1.25.3 x1.25.3-alpine 1.26.1-alpine-slim'
    expect(await selectedOf(file, 'docker.io/library/nginx', nginx)).toBe('1.25.3-alpine')
    expect(await selectedOf(file, 'docker.io/library/alpine', '3.19 3.2 3.20')).toBe('3.19 3.20')
  })

  it('with credentials has variables for passwords, and remarks', async () => {
    const { file, text, remarks } = await importedFixture('image-syncer-auth.yaml')
    expect(text).not.toContain('hunter2')
    expect(file.registries).toMatchObject({
      'registry.example.net': { username: 'robot', password: 'secret' },
      'lab.local:5000': { insecureSkipTlsVerify: true },
    })
    expect(remarks.map((remark) => remark.slice(0, 10))).toEqual(['2 left out', '3 image-sy'])
  })

  it('of the old form has neither its password nor what is an error there', async () => {
    const { tool, file, text, remarks } = await importedFixture('image-syncer-config.json')
    expect([tool, text.includes('hunter2')]).toEqual(['image-syncer', false])
    expect(file.registries).toMatchObject({ 'hub.corp': { username: '$LITERAL' } })
    expect(file.entries.map((entry) => [sourceOf(entry), ...entry.to])).toEqual([
      ['docker.io/library/busybox:1.36', 'hub.corp/a/busybox'],
      ['docker.io/library/busybox:1.36', 'hub.corp/b/busybox:stable'],
    ])
    expect(remarks.map((remark) => remark.slice(0, 10))).toEqual(
      ['2 the passw', '4 left out', '6 left out'].map((each) => each.slice(0, 10)),
    )
  })
})

describe('a file of dregsy', () => {
  it('is recognized, and selects the tags that dregsy selects', async () => {
    const { tool, file } = await importedFixture('dregsy.yaml')
    expect(tool).toBe('dregsy')
    const apps = '1.3.0 1.4.0 1.5-alpine 2.9.0 2.9.1 2.9.2-debug 3.0.0-rc1 3.0.0 1.2.3.4 latest'
    expect(await selectedOf(file, 'registry.acme.example/apps/**', apps)).toBe('2.9.1 3.0.0-rc1')
    expect(await selectedOf(file, 'registry.acme.example/base/jre', '21 17')).toBe('21')
    expect(file.entries.map(sourceOf)).toContain('registry.acme.example/base/jre:17')
    expect(await selectedOf(file, 'docker.io/bitnami/**', 'latest 1.0 1.0-debug rc1')).toBe('latest 1.0')
  })

  it('selects its repositories, and names them as dregsy does', async () => {
    const { file } = await importedFixture('dregsy.yaml')
    const [apps] = file.entries
    const listed = ['apps/web/a', 'apps/api/a/b', 'apps/job/a', 'xapps/web/a']
    expect(apps && listed.filter(compileEntry(apps).takesRepository)).toEqual(['apps/web/a', 'apps/api/a/b'])
    expect(apps?.to).toEqual(['123456789012.dkr.ecr.eu-central-1.amazonaws.com/mirrored/{repository}'])
  })

  it('has its user and no password, and remarks', async () => {
    const { file, text, remarks } = await importedFixture('dregsy.yaml')
    expect(text).not.toMatch(/hunter2|Imh1bnRlcjIi/)
    expect(file.registries).toMatchObject({
      'registry.acme.example': { username: 'r', passwordFile: '/etc/mirror/registry.acme.example.password' },
      '127.0.0.1:5000': { insecureSkipTlsVerify: true },
    })
    const lines = remarks.map((remark) => Number(remark.split(' ')[0]))
    expect([...new Set(lines)]).toEqual([1, 2, 8, 11, 13, 17, 19, 25, 26])
  })

  it('keeps the interval of a task, for each of its mirrors', async () => {
    const { file } = await importedFixture('dregsy.yaml')
    const times = file.entries.map(({ name, timing }) => `${name} ${timing && formatTiming(timing)}`)
    expect(times.slice(0, 2)).toEqual(['apps every 15m', 'apps (2) every 15m'])
    expect(times.at(-1)).toMatch(/^hub.* undefined$/)
  })
})

describe('a file of no tool that is known', () => {
  it('is refused, with the names of the tools', async () => {
    await expect(importFile('a: 1\n')).rejects.toThrow('--from regsync, skopeo, image-syncer, dregsy')
    await expect(importFile('[]')).rejects.toThrow('the content does not tell')
  })

  it('is refused by line when it is not YAML', async () => {
    expect(await importFile('a: [\n', 'skopeo')).toMatchObject({ mistakes: [{ line: 2 }] })
  })
})
