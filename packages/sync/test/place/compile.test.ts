import { parseReference } from '@dist/reference'
import { describe, expect, it } from 'vitest'
import { compileEntry, type ImageRequest } from '../../src/place/compile.js'
import { ClaimedNames } from '../../src/place/names.js'
import { entry } from '../file/support.js'

const digest = `sha256:${'b'.repeat(64)}`

async function request(yaml: string, image: string): Promise<ImageRequest> {
  return compileEntry(await entry(yaml)).requestOf(parseReference(image))
}

async function names(to: string, image: string): Promise<string[]> {
  const { destinations } = await request(`from: "q.io/**", tags: all, to: ${JSON.stringify(to)}`, image)
  return destinations.map((each) => {
    if (each === 'store') return each
    const { host, repository, tag = '', digest: pinned = '' } = each
    return [`${host}/${repository}`, tag, pinned].join(' ').trim()
  })
}

describe('a destination', () => {
  it.each([
    ['r.io/{registry}/{repository}', 'q.io/a/b:1', 'r.io/q.io/a/b 1'],
    ['r.io/{registry}/{repository}', '10.0.0.7:5000/a:1', 'r.io/10.0.0.7_5000/a 1'],
    ['r.io/{registry}/{repository}', '[2001:db8::1]:5000/a:1', 'r.io/2001_db8__1_5000/a 1'],
    ['r.io/{name}', 'q.io/a/b/c:1', 'r.io/c 1'],
    ['r.io/x-{name}:{tag}-mirrored', 'q.io/a/b:1', 'r.io/x-b 1-mirrored'],
    ['r.io/{repository}:stable', 'q.io/a:1', 'r.io/a stable'],
    ['r.io/{repository}', `q.io/a@${digest}`, `r.io/a  ${digest}`],
    ['r.io/{repository}', `q.io/a:1@${digest}`, `r.io/a 1 ${digest}`],
    ['localhost:5000/{repository}', 'alpine:3.20', 'localhost:5000/library/alpine 3.20'],
    ['store', 'q.io/a:1', 'store'],
  ])('%s makes of %s the name %s', async (to, image, name) => {
    expect(await names(to, image)).toEqual([name])
  })

  it('may be several', async () => {
    const found = await request('from: "q.io/a:1", to: [store, r.io/a, "s.io/{repository}"]', 'q.io/a:1')
    expect(found.destinations).toEqual([
      'store',
      { host: 'r.io', repository: 'a', tag: '1' },
      { host: 's.io', repository: 'a', tag: '1' },
    ])
  })

  it('that makes no valid name is an error of this image', async () => {
    await expect(names('r.io/{repository}-{tag}', 'q.io/a:V1')).rejects.toThrow('must be lowercase')
    await expect(names('r.io/{repository}:{tag}', `q.io/a@${digest}`)).rejects.toThrow('needs a tag')
    await expect(names('r.io/{repository}:x{tag}', `q.io/a:${'1'.repeat(128)}`)).rejects.toThrow(
      'is not a tag',
    )
    await expect(names('r.io/{registry}/a-{repository}', '[::1]:5000/a:1')).rejects.toThrow('is not allowed')
  })
})

describe('an entry', () => {
  it('takes the repositories of its pattern that its filters accept, and only valid names', async () => {
    const yaml =
      'from: "q.io/team/**", tags: all, repositories: { include: ["team/*/app"], exclude: ["team/old/**"] }'
    const { takesRepository } = compileEntry(await entry(yaml))
    const listed = [
      'team/a/app',
      'team/old/app',
      'team/a/web',
      'other/a/app',
      'team/../app',
      'team/A/app',
      'team//app',
    ]
    expect(listed.filter(takesRepository)).toEqual(['team/a/app'])
    expect(takesRepository(`team/${'x'.repeat(250)}/app`)).toBe(false)
  })

  it('takes and leaves out repositories also by regular expressions', async () => {
    const filter = 'repositories: { include: "team/web", regex: "team/(api|job)", exclude-regex: ".*job" }'
    const { takesRepository } = compileEntry(await entry(`from: "q.io/**", tags: all, ${filter}`))
    expect(['team/web', 'team/api', 'team/api2', 'team/job'].filter(takesRepository)).toEqual([
      'team/web',
      'team/api',
    ])
  })

  it('takes its own repository', async () => {
    const { takesRepository } = compileEntry(await entry('from: q.io/a/b, tags: all'))
    expect(['a/b', 'a', 'a/b/c'].filter(takesRepository)).toEqual(['a/b'])
  })

  it('knows the tags that it names one by one, and those that never change', async () => {
    const rules = compileEntry(await entry('from: q.io/a, tags: { list: [v1, edge], immutable: "v*" }'))
    expect(rules.namedTags).toEqual(['v1', 'edge'])
    expect(
      ['q.io/a:v1', 'q.io/a:edge', `q.io/a@${digest}`].map(
        (text) => rules.requestOf(parseReference(text)).isImmutable,
      ),
    ).toEqual([true, false, true])
    expect(compileEntry(await entry('from: q.io/a, tags: { include: "v*" }')).namedTags).toBeUndefined()
  })
})

describe('names', () => {
  it('are refused to a second source, and stay with the first', async () => {
    const claimed = new ClaimedNames()
    const to = 'to: "r.io/{name}"'
    claimed.claim(await request(`from: "q.io/a/x:1", ${to}`, 'q.io/a/x:1'))
    const second = await request(`from: "q.io/b/x:1", name: second, ${to}`, 'q.io/b/x:1')
    const conflict = { name: 'r.io/x:1', sources: ['q.io/a/x:1', 'q.io/b/x:1'] }
    expect(claimed.claim(second)).toEqual(conflict)
    expect(claimed.claim(second)).toEqual(conflict)
  })

  it('that two sources would get are refused to both', async () => {
    const claimed = new ClaimedNames()
    const first = await request('from: "q.io/a/x:1", to: "r.io/{name}"', 'q.io/a/x:1')
    claimed.claim(first)
    claimed.claim(await request('from: "q.io/b/x:1", name: second, to: "r.io/{name}"', 'q.io/b/x:1'))
    expect(claimed.conflictOf(first)).toMatchObject({ name: 'r.io/x:1' })
  })

  it('stay with the first of several entries that have the source', async () => {
    const claimed = new ClaimedNames()
    const first = await request('name: first, from: "q.io/a:1", to: r.io/a', 'q.io/a:1')
    const second = await request('name: second, from: "q.io/a:1", to: [r.io/a, r.io/b]', 'q.io/a:1')
    expect([claimed.claim(first), claimed.claim(second)]).toEqual([undefined, undefined])
    expect(claimed.ownPartOf(first)).toBe(first)
    expect(claimed.ownPartOf(second).destinations).toEqual([{ host: 'r.io', repository: 'b', tag: '1' }])
  })

  it('may be claimed again by the same source', async () => {
    const claimed = new ClaimedNames()
    const yaml = 'from: "q.io/a:1", to: [store, r.io/a]'
    claimed.claim(await request(yaml, 'q.io/a:1'))
    expect(claimed.claim(await request(yaml, 'q.io/a:1'))).toBeUndefined()
  })

  it('in the store are not those in a registry', async () => {
    const claimed = new ClaimedNames()
    claimed.claim(await request('from: "q.io/a:1"', 'q.io/a:1'))
    expect(claimed.claim(await request('from: "r.io/b:1", to: q.io/a', 'r.io/b:1'))).toBeUndefined()
  })

  it('of one tag are refused to a pinned and a moving source', async () => {
    const claimed = new ClaimedNames()
    claimed.claim(await request('from: "q.io/a:1"', 'q.io/a:1'))
    const pinned = await request(`from: "q.io/a:1@${digest}"`, `q.io/a:1@${digest}`)
    expect(claimed.claim(pinned)).toMatchObject({ name: 'q.io/a:1' })
  })

  it('that a refused claim has asked for stay free', async () => {
    const claimed = new ClaimedNames()
    claimed.claim(await request('from: "q.io/a:1", to: r.io/a', 'q.io/a:1'))
    const both = await request('from: "q.io/b:1", to: [r.io/free, r.io/a]', 'q.io/b:1')
    expect(claimed.claim(both)).toBeDefined()
    expect(claimed.claim(await request('from: "q.io/c:1", to: r.io/free', 'q.io/c:1'))).toBeUndefined()
  })
})
