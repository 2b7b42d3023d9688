import type { LoggedRequest } from '@dist/testkit/servers'
import { check, note, plural } from './screen.js'

/** Checks the registry's log: no blob was sent twice, and every blob of `expected`, if given, was sent. */
export function checkFetchedOnce(
  requests: readonly LoggedRequest[],
  expected?: ReadonlySet<string>,
): boolean {
  const sent = requests.filter(isGet('blobs')).map(({ path }) => path.split('/').at(-1) ?? '')
  const missing = [...(expected ?? [])].filter((digest) => !sent.includes(digest))
  const due = expected === undefined ? '' : ` of ${expected.size}`
  note()
  return check(
    new Set(sent).size === sent.length && missing.length === 0,
    `the registry sent ${sent.length}${due} blobs, each of them once: shared layers are fetched once`,
  )
}

/** By the registry's own log: one question for each image, and nothing was sent. */
export function checkNothingFetched(requests: readonly LoggedRequest[], images: number): boolean {
  const heads = requests.filter(
    ({ method, path }) => method === 'HEAD' && path.includes('/manifests/'),
  ).length
  const gets = requests.filter((request) => isGet('manifests')(request) || isGet('blobs')(request)).length
  note()
  return check(
    gets === 0 && heads === images,
    `the registry was asked ${plural(heads, 'HEAD')} for ${plural(images, 'image')}, and sent ${gets} manifests or blobs`,
  )
}

function isGet(kind: 'manifests' | 'blobs'): (request: LoggedRequest) => boolean {
  return ({ method, path, status }) => method === 'GET' && status < 300 && path.includes(`/${kind}/`)
}
