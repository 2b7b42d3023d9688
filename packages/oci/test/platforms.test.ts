import { formatPlatform, hostPlatform, isUnknownPlatform, parsePlatform, platformMatches } from '@dist/oci'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalizePlatform } from '../src/platforms.js'
import { codeThrown } from './codes.js'

const same = (a: string, b: string) => platformMatches(parsePlatform(a), parsePlatform(b))

describe('equal platforms', () => {
  it.each([
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm64', 'linux/arm64/v8'],
    ['linux/aarch64', 'linux/arm64/8'],
    ['linux/amd64', 'linux/amd64/v1'],
    ['linux/x86_64', 'linux/x86-64'],
    ['linux/i386', 'linux/386'],
    ['Linux/AMD64', 'linux/amd64'],
    ['macos/arm64', 'darwin/arm64'],
  ])('%s is %s', (a, b) => {
    expect(same(a, b)).toBe(true)
    expect(same(b, a)).toBe(true)
  })

  it.each([
    ['linux/arm/v6', 'linux/arm'],
    ['linux/arm64/v9', 'linux/arm64'],
    ['linux/amd64/v3', 'linux/amd64'],
    ['linux/arm', 'linux/arm64'],
    ['windows/amd64', 'linux/amd64'],
    ['linux/ppc64le', 'linux/ppc64'],
  ])('%s is not %s', (a, b) => {
    expect(same(a, b)).toBe(false)
  })

  it('do not look at the version of the system', () => {
    const offered = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' }
    expect(platformMatches(parsePlatform('windows/amd64'), offered)).toBe(true)
    expect(normalizePlatform(offered)).toEqual(offered)
  })
})

const part = fc.stringMatching(/^\w[\w.-]{0,11}$/)
const known = fc.constantFrom(
  'arm',
  'ARM64',
  'amd64',
  'armhf',
  'armel',
  'x86_64',
  'i386',
  'constructor',
  '__proto__',
)
const platforms = fc.record(
  {
    os: fc.oneof(part, fc.constantFrom('linux', 'macOS')),
    architecture: fc.oneof(part, known),
    variant: fc.oneof(part, fc.constantFrom('8', 'v8', '1', '')),
  },
  { requiredKeys: ['os', 'architecture'] },
)

describe('spelling a platform', () => {
  it('is read back as the same platform', () => {
    fc.assert(
      fc.property(platforms, (platform) => {
        expect(parsePlatform(formatPlatform(platform))).toEqual(normalizePlatform(platform))
      }),
    )
  })

  it('does not change a normal platform', () => {
    fc.assert(
      fc.property(platforms, (platform) => {
        const once = normalizePlatform(platform)
        expect(normalizePlatform(once)).toEqual(once)
      }),
    )
  })

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'takes %s for a name like any other',
    (name) => {
      expect(formatPlatform({ os: 'linux', architecture: name })).toBe(`linux/${name.toLowerCase()}`)
    },
  )

  it.each([
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/arm/',
    'linux/arm/v7/x',
    'linux//v7',
    'linux/am d64',
    'linux/amd64\n',
    'linux/\u202eamd64',
    '../../etc',
    'linux,arm64',
    `linux/${'/'.repeat(1_000_000)}`,
  ])('refuses %j', (text) => {
    expect(codeThrown(() => parsePlatform(text))).toBe('INVALID_ARGUMENT')
  })
})

describe('hostPlatform', () => {
  it.each([
    ['x64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['arm', 'linux/arm/v7'],
    ['ia32', 'linux/386'],
    ['ppc64', 'linux/ppc64le'],
    ['s390x', 'linux/s390x'],
    ['riscv64', 'linux/riscv64'],
  ])('of %s is %s, whatever the system', (arch, platform) => {
    expect(formatPlatform(hostPlatform(arch))).toBe(platform)
  })

  it('is by default that of this process', () => {
    expect(hostPlatform()).toEqual(hostPlatform(process.arch))
  })
})

describe('isUnknownPlatform', () => {
  it('is true for attestations', () => {
    expect(isUnknownPlatform({ os: 'unknown', architecture: 'unknown' })).toBe(true)
    expect(isUnknownPlatform({ os: 'Unknown', architecture: 'UNKNOWN' })).toBe(true)
    expect(isUnknownPlatform({ os: 'linux', architecture: 'unknown' })).toBe(false)
  })
})
