import { describe, expect, it } from 'vitest'
import { formatPlace, type Place, pagePaths, parsePlace } from '../src/place.js'

const places: readonly Place[] = [
  { view: 'overview' },
  { view: 'runs' },
  { view: 'runs', state: 'failed', schedule: 'team/web nightly', cursor: '1700000000000-abc' },
  { view: 'run', run: 'mfx2k9' },
  { view: 'run', run: 'mfx2k9', state: 'done', search: 'a b&c=ü', cause: 'c1', cursor: '100' },
  { view: 'image', run: 'mfx2k9', index: '17' },
  { view: 'services' },
  { view: 'hosts' },
  { view: 'schedules' },
  { view: 'preview', repository: 'quay.io/a/b', semver: '>=1 <2', newest: '3' },
  { view: 'preview', schedule: 'team/web nightly' },
  { view: 'store', search: 'web', order: 'own', cursor: '100' },
  { view: 'stored', name: 'quay.io/team/web:1.0' },
  { view: 'sign-in' },
  { view: 'sign-in', to: '/queues/queue/images?page=2' },
]

/** Whether a path is one of those at which the page is served. */
function isServed(path: string): boolean {
  return pagePaths.some((each) => new RegExp(`^${each.replace(/:\w+/g, '[^/]+')}$`).test(path))
}

describe('the URL of a place', () => {
  it.each(places.map((place) => [formatPlace(place), place] as const))('%s names it', (path, place) => {
    expect(parsePlace(path)).toEqual(place)
    expect(isServed(path.split('?')[0] ?? '')).toBe(true)
  })

  it.each(['/nothing', '/runs/a/images', '/runs/a/blobs/1', '/runs/a/images/1/more', '/hosts/a'])(
    '%s is of none',
    (path) => {
      expect(parsePlace(path)).toEqual({ view: 'unknown' })
    },
  )

  it('may be written by hand: what is unknown or empty is passed over', () => {
    expect(parsePlace('/runs?state=&other=1')).toEqual({ view: 'runs' })
    expect(parsePlace('/runs/%E0%9')).toEqual({ view: 'run', run: '%E0%9' })
  })

  it('never leaves the page', () => {
    expect(formatPlace({ view: 'run', run: '../hosts?x#y' })).toBe('/runs/..%2Fhosts%3Fx%23y')
  })
})
