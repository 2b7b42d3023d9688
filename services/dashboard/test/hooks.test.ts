import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { pushedImages } from '../src/hooks/payload.js'
import { isProven } from '../src/hooks/proof.js'

// The shapes are those of the senders' documentation.

const distribution = {
  events: [
    {
      id: 'asdf-0',
      timestamp: '2006-01-02T15:04:05Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        size: 1,
        digest: 'sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf',
        length: 1,
        repository: 'library/test',
        url: 'http://example.com/v2/library/test/manifests/sha256:fea8',
        tag: 'latest',
      },
      request: {
        id: 'r',
        addr: 'client.local',
        host: 'registrycluster.local',
        method: 'PUT',
        useragent: 'test',
      },
      actor: { name: 'test-actor' },
      source: { addr: 'hostname.local:port' },
    },
    { id: 'asdf-1', action: 'push', target: { repository: 'library/test', digest: 'sha256:3b3692' } },
    { id: 'asdf-2', action: 'pull', target: { repository: 'library/test', tag: 'latest' } },
  ],
}

const dockerHub = {
  callback_url: 'https://registry.hub.docker.com/u/ada/testhook/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/',
  push_data: { pushed_at: 1417566161, pusher: 'trustedbuilder', tag: 'latest' },
  repository: {
    comment_count: 0,
    is_official: false,
    is_private: true,
    name: 'testhook',
    namespace: 'ada',
    owner: 'ada',
    repo_name: 'ada/testhook',
    repo_url: 'https://registry.hub.docker.com/u/ada/testhook/',
    status: 'Active',
  },
}

const harborData = {
  resources: [
    { digest: 'sha256:8a9e', tag: 'latest', resource_url: 'hub.harbor.test/test-webhook/debian:latest' },
  ],
  repository: {
    date_created: 1586922308,
    name: 'debian',
    namespace: 'test-webhook',
    repo_full_name: 'test-webhook/debian',
    repo_type: 'private',
  },
}
const harbor = { type: 'PUSH_ARTIFACT', occur_at: 1586922308, operator: 'admin', event_data: harborData }
const harborEvent = {
  specversion: '1.0',
  id: '4b2f89a6',
  source: '/projects/2/webhook/policies/15',
  type: 'harbor.artifact.pushed',
  datacontenttype: 'application/json',
  time: '2023-04-03T06:29:43Z',
  data: harborData,
  operator: 'robot$library+scanner',
}

const quay = {
  name: 'repository',
  repository: 'mynamespace/repository',
  namespace: 'mynamespace',
  docker_url: 'quay.io/mynamespace/repository',
  homepage: 'https://quay.io/repository/mynamespace/repository',
  updated_tags: ['latest', '1.2'],
}

const namesOf = (...args: Parameters<typeof pushedImages>) =>
  pushedImages(...args)?.map(({ host, repository, tag }) => `${host}/${repository}:${tag}`)

describe('a notification', () => {
  it.each([
    ['distribution', 'r.example', distribution, ['r.example/library/test:latest']],
    ['docker-hub', 'docker.io', dockerHub, ['docker.io/ada/testhook:latest']],
    ['harbor', 'h.example', harbor, ['h.example/test-webhook/debian:latest']],
    ['harbor', 'h.example', harborEvent, ['h.example/test-webhook/debian:latest']],
    ['harbor', 'h.example', { ...harbor, type: 'DELETE_ARTIFACT' }, []],
    [
      'quay',
      'quay.io',
      quay,
      ['quay.io/mynamespace/repository:latest', 'quay.io/mynamespace/repository:1.2'],
    ],
    ['quay', 'quay.io', { ...quay, updated_tags: { old: 'b750' } }, ['quay.io/mynamespace/repository:old']],
    ['plain', 'docker.io', { repository: 'alpine', tag: '3.20' }, ['docker.io/library/alpine:3.20']],
  ] as const)('of %s at %s tells what was pushed', (kind, registry, payload, names) => {
    expect(namesOf(kind, registry, payload)).toEqual(names)
  })

  it('of another form is none', () => {
    for (const kind of ['distribution', 'docker-hub', 'harbor', 'quay', 'plain'] as const)
      for (const payload of [undefined, null, 7, [], {}, { repository: 7, tag: {} }])
        expect([kind, pushedImages(kind, 'r.example', payload)]).toEqual([kind, undefined])
  })

  it('has no names that no image can have, and a bounded number of them', () => {
    for (const [repository, tag] of [
      ['../etc', '1'],
      ['a', '--x'],
      ['a', ''],
      ['A', '1'],
      ['a@evil.example/b', '1'],
      ['a', 'x'.repeat(129)],
    ] as const)
      expect(pushedImages('plain', 'r.example', { repository, tag })).toEqual([])
    const many = Array.from({ length: 500 }, (_, i) => String(i))
    expect(pushedImages('quay', 'quay.io', { ...quay, updated_tags: many })).toHaveLength(100)
  })
})

describe('the secret of a hook', () => {
  const body = Buffer.from('{"a":1}')
  const secret = 'correct horse'
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

  it('is proven by a header, by the path, or by a signature', () => {
    for (const proof of [
      { authorization: secret },
      { authorization: `Bearer ${secret}` },
      { path: secret },
      { signature },
      { signature, path: 'another' },
    ])
      expect(isProven(proof, body, secret)).toBe(true)
  })

  it('is not proven by another one, nor where a signature is wrong', () => {
    for (const proof of [
      {},
      { authorization: '' },
      { authorization: 'Bearer wrong', path: secret },
      { path: 'wrong' },
      { signature: 'sha256=00', path: secret, authorization: secret },
    ])
      expect(isProven(proof, body, secret)).toBe(false)
    expect(isProven({ signature }, Buffer.from('{"a":2}'), secret)).toBe(false)
  })
})
