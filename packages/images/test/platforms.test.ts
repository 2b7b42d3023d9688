import { filterPlatforms, skipDesc } from '@dist/images'
import { type Descriptor, parsePlatform } from '@dist/oci'
import { describe, expect, it } from 'vitest'
import { index, layer, onPlatform } from './tree.js'

const amd64 = onPlatform(layer('amd64'), { os: 'linux', architecture: 'amd64' })
const arm64 = onPlatform(layer('arm64'), { os: 'linux', architecture: 'arm64', variant: 'v8' })
const armv7 = onPlatform(layer('armv7'), { os: 'linux', architecture: 'arm', variant: 'v7' })
const windows = (version: string) =>
  onPlatform(layer(version), { os: 'windows', architecture: 'amd64', 'os.version': version })

const attestationOf = (attested: Descriptor, name = `attestation of ${attested.digest}`): Descriptor => ({
  ...onPlatform(layer(name), { os: 'unknown', architecture: 'unknown' }),
  annotations: {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': attested.digest,
  },
})

const root = index('root')
const kept = (children: readonly Descriptor[], ...platforms: string[]) =>
  filterPlatforms(async () => children, platforms.map(parsePlatform))(root, {})

describe('filterPlatforms', () => {
  it('keeps the requested platforms, in the order of the index, and drops the others', async () => {
    expect(await kept([amd64, arm64, armv7], 'linux/amd64')).toEqual([amd64])
    expect(await kept([amd64, arm64, armv7], 'linux/arm', 'linux/amd64')).toEqual([amd64, armv7])
    expect(await kept([amd64, arm64], 'linux/s390x')).toEqual([])
  })

  it('accepts each spelling of a platform', async () => {
    expect(await kept([amd64, arm64, armv7], 'linux/arm64')).toEqual([arm64])
    expect(await kept([amd64, arm64, armv7], 'linux/x86_64/v1')).toEqual([amd64])
  })

  it('keeps every version of a system', async () => {
    const versions = [windows('10.0.17763.1'), windows('10.0.20348.1')]
    expect(await kept([amd64, ...versions], 'windows/amd64')).toEqual(versions)
  })

  it('keeps the attestations of the manifests that it keeps, in any order, and drops the others', async () => {
    const [forAmd64, forArm64] = [attestationOf(amd64), attestationOf(arm64)]
    expect(await kept([amd64, arm64, forAmd64, forArm64], 'linux/arm64')).toEqual([arm64, forArm64])
    expect(await kept([forArm64, forAmd64, arm64, amd64], 'linux/arm64')).toEqual([forArm64, arm64])
  })

  it('keeps several attestations of one manifest', async () => {
    const both = [attestationOf(amd64, 'sbom'), attestationOf(amd64, 'provenance')]
    expect(await kept([amd64, ...both], 'linux/amd64')).toEqual([amd64, ...both])
  })

  it('does not treat an attestation as a platform', async () => {
    expect(await kept([amd64, attestationOf(amd64)], 'unknown/unknown')).toEqual([])
  })

  it('keeps children without a platform, nested indexes among them, and their attestations', async () => {
    const [plain, nested] = [layer('plain'), index('nested')]
    const forPlain = attestationOf(plain)
    expect(await kept([plain, nested, amd64, forPlain], 'linux/arm64')).toEqual([plain, nested, forPlain])
  })

  it('filters in nested indexes as well', async () => {
    const nested = index('nested')
    const handler = filterPlatforms(async () => [amd64, arm64], [parsePlatform('linux/amd64')])
    expect(await handler(nested, {})).toEqual([amd64])
  })

  it('does not filter layers', async () => {
    const image = { ...layer('image'), mediaType: 'application/vnd.oci.image.manifest.v1+json' }
    const handler = filterPlatforms(async () => [amd64, arm64], [parsePlatform('linux/amd64')])
    expect(await handler(image, {})).toEqual([amd64, arm64])
  })

  it('keeps everything for the request all', async () => {
    const children = [amd64, arm64, attestationOf(amd64), layer('plain')]
    expect(await filterPlatforms(async () => children, 'all')(root, {})).toEqual(children)
  })

  it('returns skipDesc of the handler', async () => {
    expect(await filterPlatforms(async () => skipDesc, [])(root, {})).toBe(skipDesc)
  })

  it('handles platforms with names of object properties', async () => {
    const odd = onPlatform(layer('odd'), { os: 'constructor', architecture: '__proto__' })
    expect(await kept([odd, amd64], 'linux/amd64')).toEqual([amd64])
  })
})
