import { expect, test } from 'vitest'
import { quotaOf } from '../src/http/quota.js'

const window = 21_600_000

test.each([
  [
    'all that Docker Hub sends',
    {
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': '76;w=21600',
      'docker-ratelimit-source': '203.0.113.7',
    },
    { source: '203.0.113.7', remaining: 76, limit: 100, window },
  ],
  [
    'no window',
    { 'ratelimit-limit': '100', 'ratelimit-remaining': '76' },
    { source: '', remaining: 76, limit: 100 },
  ],
  ['no limit', { 'ratelimit-remaining': '5;w=3600' }, { source: '', remaining: 5, window: 3_600_000 }],
  [
    'blanks and other parameters',
    { 'ratelimit-limit': ' 40 ; comment="x"; w=3600', 'ratelimit-remaining': '0;comment="x"' },
    { source: '', remaining: 0, limit: 40, window: 3_600_000 },
  ],
  [
    'a source with control characters',
    { 'ratelimit-remaining': '1', 'docker-ratelimit-source': 'a b\u001b' },
    { source: expect.stringMatching(/^a_b\P{C}*$/u), remaining: 1 },
  ],
])('a quota with %s is read', (_what, headers, expected) => {
  expect(quotaOf(headers)).toMatchObject(expected)
})

test.each([
  ['no headers', {}],
  ['a limit alone', { 'ratelimit-limit': '100;w=21600' }],
  ['no number', { 'ratelimit-remaining': 'unlimited' }],
  ['a negative number', { 'ratelimit-remaining': '-1;w=21600' }],
  ['an enormous number', { 'ratelimit-remaining': '99999999999999999999' }],
  ['an empty header', { 'ratelimit-remaining': '' }],
])('%s: there is no quota', (_what, headers) => {
  expect(quotaOf(headers)).toBeUndefined()
})
