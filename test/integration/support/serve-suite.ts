import { digestOf, mediaTypes } from '@dist/oci'
import { amd64Image, arm64Image, indexImage, singleImage } from '@dist/testkit/fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Serving, startServe } from './serve.js'
import { appTags, fillStore, lackingImage, otherImage, sbom, signature, sparseIndex } from './served-store.js'
import { Workspace } from './workspace.js'

/** Where the suite finds its store. */
export interface SuiteStore {
  readonly env: Readonly<Record<string, string>>
  readonly args?: readonly string[] | undefined
}

const unknown = digestOf('nothing has this digest')
const blobs = singleImage.blobs.map(({ descriptor, open }) => ({
  ...descriptor,
  bytes: Buffer.concat([...open()]),
}))
const [config, , , layer] = blobs as [Blob, Blob, Blob, Blob]

type Blob = (typeof blobs)[number]

/** The pull half of the OCI distribution specification, section by section. The store has what `fillStore` pulls. */
export function serveSuite(name: string, open: (workspace: Workspace) => Promise<SuiteStore>): void {
  describe(`dist serve over ${name}`, () => {
    const workspace = new Workspace()
    let serving: Serving
    let app = ''
    let registry = ''
    beforeAll(async () => {
      const store = await open(workspace)
      registry = await fillStore(workspace, store.env)
      app = `/v2/${registry}/app`
      serving = await startServe(workspace, store.args ?? [], store.env)
    }, 120_000)
    afterAll(() => workspace.remove())
    const ask: Serving['ask'] = (path, options) => serving.ask(path, options)
    const head: Serving['ask'] = (path, options) => serving.ask(path, { ...options, method: 'HEAD' })

    it('end-1, determining support: /v2/ is answered', async () => {
      for (const path of ['/v2/', '/v2']) {
        const { status, headers } = await ask(path)
        expect(status).toBe(200)
        expect(headers['docker-distribution-api-version']).toBe('registry/2.0')
      }
      expect((await head('/v2/')).body).toHaveLength(0)
    })

    describe('end-3, pulling manifests', () => {
      it.each([
        ['1', indexImage],
        ['2', singleImage],
        [indexImage.descriptor.digest, indexImage],
        [amd64Image.descriptor.digest, amd64Image],
        [arm64Image.descriptor.digest, arm64Image],
        [signature.descriptor.digest, signature],
      ])(
        'W1 %s comes with its bytes, type, length and digest, and HEAD without the bytes',
        async (ref, image) => {
          const { mediaType, digest } = image.descriptor
          const got = await ask(`${app}/manifests/${ref}`)
          expect(got.status).toBe(200)
          expect(got.body).toEqual(Buffer.from(image.content))
          const expected = {
            'content-type': mediaType,
            'content-length': String(image.content.byteLength),
            'docker-content-digest': digest,
            etag: `"${digest}"`,
            'x-content-type-options': 'nosniff',
          }
          expect(got.headers).toMatchObject(expected)
          const { status, headers, body } = await head(`${app}/manifests/${ref}`)
          expect([status, body.byteLength]).toEqual([200, 0])
          expect(headers).toMatchObject(expected)
        },
      )

      it('an unchanged manifest is not sent again', async () => {
        const etag = `"${indexImage.descriptor.digest}"`
        for (const method of ['GET', 'HEAD']) {
          const headers = { 'if-none-match': etag }
          const { status, body } = await ask(`${app}/manifests/1`, { method, headers })
          expect([status, body.byteLength]).toEqual([304, 0])
        }
        expect((await ask(`${app}/manifests/2`, { headers: { 'if-none-match': etag } })).status).toBe(200)
      })

      it('W1 W6 what the repository does not publish is not found', async () => {
        for (const ref of ['none', unknown, otherImage.descriptor.digest, config.digest, 'a'.repeat(129)]) {
          const got = await ask(`${app}/manifests/${ref}`)
          expect([ref, got.status, got.code()]).toEqual([ref, 404, 'MANIFEST_UNKNOWN'])
          expect((await head(`${app}/manifests/${ref}`)).status).toBe(404)
        }
        expect((await ask(`/v2/${registry}/none/manifests/1`)).status).toBe(404)
        expect((await ask(`${app}/manifests/sha256:abc`)).code()).toBe('DIGEST_INVALID')
      })

      it('of a sparse index, the answer for a part that is not mirrored names the platforms that are', async () => {
        const sparse = `/v2/${registry}/sparse/manifests`
        expect((await ask(`${sparse}/1`)).body).toEqual(Buffer.from(sparseIndex.content))
        expect((await ask(`${sparse}/${arm64Image.descriptor.digest}`)).status).toBe(200)
        const got = await ask(`${sparse}/${lackingImage.descriptor.digest}`)
        expect(got.status).toBe(404)
        expect(got.body.toString()).toContain('linux/riscv64) is not mirrored: it has linux/arm64')
      })
    })

    describe('end-2, pulling blobs', () => {
      it.each([
        ['small', config],
        ['large', layer],
      ])('W1 a %s one comes with its bytes, and HEAD without them', async (_, blob) => {
        for (const _ of ['first', 'again']) {
          const got = await ask(`${app}/blobs/${blob.digest}`)
          expect(got.status).toBe(200)
          expect(got.body.equals(blob.bytes)).toBe(true)
          expect(got.headers).toMatchObject({
            'content-type': 'application/octet-stream',
            'content-length': String(blob.size),
            'docker-content-digest': blob.digest,
            'accept-ranges': 'bytes',
          })
        }
        const { status, headers, body } = await head(`${app}/blobs/${blob.digest}`)
        expect([status, headers['content-length'], body.byteLength]).toEqual([200, String(blob.size), 0])
        const headers2 = { 'if-none-match': `"${blob.digest}"` }
        expect((await ask(`${app}/blobs/${blob.digest}`, { headers: headers2 })).status).toBe(304)
      })

      it('W1 W6 what the repository does not publish is not found', async () => {
        const [otherConfig] = otherImage.blobs.map(({ descriptor }) => descriptor.digest)
        for (const digest of [unknown, otherConfig]) {
          const got = await ask(`${app}/blobs/${digest}`)
          expect([got.status, got.code()]).toEqual([404, 'BLOB_UNKNOWN'])
          expect((await head(`${app}/blobs/${digest}`)).status).toBe(404)
        }
        expect((await ask(`/v2/${registry}/other/blobs/${otherConfig}`)).status).toBe(200)
        expect((await ask(`${app}/blobs/sha256:abc`)).code()).toBe('DIGEST_INVALID')
      })

      it.each([
        ['small', config],
        ['large', layer],
      ])('W2 ranges of a %s one', async (_, { digest, size, bytes }) => {
        const range = (range: string, more = {}) =>
          ask(`${app}/blobs/${digest}`, { headers: { range, ...more } })
        for (const [text, first, last] of [
          ['bytes=0-0', 0, 0],
          ['bytes=10-', 10, size - 1],
          ['bytes=-7', size - 7, size - 1],
          [`bytes=5-${size * 2}`, 5, size - 1],
        ] as const) {
          const got = await range(text)
          expect([text, got.status]).toEqual([text, 206])
          expect(got.headers['content-range']).toBe(`bytes ${first}-${last}/${size}`)
          expect(got.body.equals(bytes.subarray(first, last + 1))).toBe(true)
        }
        const beyond = await range(`bytes=${size}-`)
        expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${size}`])
        for (const ignored of ['bytes=0-1,4-5', 'bytes=5-4', 'rows=0-1'])
          expect((await range(ignored)).status).toBe(200)
        expect((await range('bytes=0-1', { 'if-range': `"${digest}"` })).status).toBe(206)
        expect((await range('bytes=0-1', { 'if-range': '"other"' })).status).toBe(200)
      })
    })

    describe('end-8, listing tags', () => {
      const tagsOf = async (query: string) => {
        const { json, headers } = await ask(`${app}/tags/list${query}`)
        return { ...(json() as { name: string; tags: string[] }), link: headers.link }
      }

      it('names all of them in order, with those of cosign', async () => {
        expect(await tagsOf('')).toEqual({ name: `${registry}/app`, tags: appTags, link: undefined })
      })

      it('W1 W4 comes in pages', async () => {
        expect((await tagsOf('?n=0')).tags).toEqual([])
        expect((await tagsOf('?n=999999999')).tags).toEqual(appTags)
        expect((await tagsOf('?last=C')).tags).toEqual(appTags.slice(4))
        const first = await tagsOf('?n=4')
        expect(first.tags).toEqual(appTags.slice(0, 4))
        const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(String(first.link)) ?? []
        expect(next).toBe(`${app}/tags/list?n=4&last=C`)
        const { json, headers } = await ask(next)
        expect((json() as { tags: string[] }).tags).toEqual(appTags.slice(4))
        expect(headers.link).toBeUndefined()
        for (const n of ['-1', 'abc', '', '1.5'])
          expect((await ask(`${app}/tags/list?n=${n}`)).status).toBe(400)
        const none = await ask(`/v2/${registry}/none/tags/list`)
        expect([none.status, none.code()]).toEqual([404, 'NAME_UNKNOWN'])
      })
    })

    describe('end-12, listing referrers', () => {
      const { digest } = indexImage.descriptor
      const path = () => `${app}/referrers/${digest}`
      const artifactType = 'application/vnd.example.signature'
      const digests = ({ json }: { json(): unknown }) =>
        (json() as { manifests: { digest: string }[] }).manifests.map((each) => each.digest)
      const expected = [signature, sbom].map(({ descriptor }) => descriptor.digest).sort()

      it('is an index of descriptors with their artifact types', async () => {
        const got = await ask(path())
        expect(got.headers['content-type']).toBe(mediaTypes.ociIndex)
        expect(got.json()).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex })
        expect(digests(got)).toEqual(expected)
        const { manifests } = got.json() as { manifests: object[] }
        expect(manifests[0]).toMatchObject({ mediaType: mediaTypes.ociManifest, artifactType })
      })

      it('W1 is an empty index where nothing refers to a digest', async () => {
        for (const other of [`${app}/referrers/${unknown}`, `/v2/${registry}/none/referrers/${digest}`]) {
          const got = await ask(other)
          expect([got.status, digests(got)]).toEqual([200, []])
        }
        expect((await ask(`${app}/referrers/sha256:abc`)).status).toBe(400)
      })

      it('can be filtered, and comes in pages', async () => {
        const filtered = await ask(`${path()}?artifactType=${encodeURIComponent(artifactType)}`)
        expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
        expect(digests(filtered)).toEqual(expected)
        expect(digests(await ask(`${path()}?artifactType=none`))).toEqual([])
        const first = await ask(`${path()}?n=1`)
        const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(String(first.headers.link)) ?? []
        expect([...digests(first), ...digests(await ask(next))]).toEqual(expected)
      })
    })

    it('the catalog names all repositories', async () => {
      const all = ['app', 'other', 'sparse'].map((each) => `${registry}/${each}`)
      const { json } = await ask('/v2/_catalog')
      expect(json()).toEqual({ repositories: all })
      const first = await ask('/v2/_catalog?n=2')
      expect(first.json()).toEqual({ repositories: all.slice(0, 2) })
      expect(first.headers.link).toBe(
        `</v2/_catalog?n=2&last=${encodeURIComponent(all[1] ?? '')}>; rel="next"`,
      )
    })

    it('W5 every method that writes is refused', async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
        for (const path of [
          '/v2/',
          `${app}/manifests/1`,
          `${app}/blobs/${layer.digest}`,
          `${app}/blobs/uploads/`,
        ]) {
          const got = await ask(path, { method })
          expect([method, got.status, got.code()]).toEqual([method, 405, 'UNSUPPORTED'])
          expect(got.headers.allow).toBe('GET, HEAD')
        }
    })

    it('errors have the codes of the specification, and no page of another site may read an answer', async () => {
      const got = await ask(`${app}/manifests/none`, { headers: { origin: 'http://evil.example' } })
      expect(got.headers['content-type']).toBe('application/json')
      expect(got.json()).toEqual({ errors: [{ code: 'MANIFEST_UNKNOWN', message: expect.any(String) }] })
      expect(Object.keys(got.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    })
  })
}
