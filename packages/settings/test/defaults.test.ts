import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { locateStore } from '../src/defaults.js'

const urlOf = (...given: Parameters<typeof locateStore>) => locateStore(...given).url

describe('the location of the store', () => {
  it('is the flag, else the variable', () => {
    expect(locateStore({ store: '/a' }, { DIST_STORE: '/b' })).toEqual({ url: '/a', setBy: '--store' })
    expect(locateStore({}, { DIST_STORE: '/b', XDG_DATA_HOME: '/c' })).toEqual({
      url: '/b',
      setBy: 'DIST_STORE',
    })
  })

  it('is in the XDG data folder by default', () => {
    expect(locateStore({}, { XDG_DATA_HOME: '/c' })).toEqual({ url: '/c/dist', setBy: undefined })
    expect(urlOf({}, { DIST_STORE: '', XDG_DATA_HOME: '' })).toBe(join(homedir(), '.local/share/dist'))
  })

  it('is an absolute path; the URL of a bucket is not changed', () => {
    expect(urlOf({ store: 'here' }, {})).toBe(join(process.cwd(), 'here'))
    expect(urlOf({}, { DIST_STORE: 's3://bucket/x?region=eu-west-1' })).toBe('s3://bucket/x?region=eu-west-1')
    expect(urlOf({ store: 'S3://bucket/x' }, {})).toBe('s3://bucket/x')
  })

  it.each([
    'gs://bucket/x',
    'https://s3.example.com/bucket',
    'file:///srv/store',
    's3:/bucket/x',
    'az:/x',
    '',
  ])('%j is refused', (store) => {
    expect(() => locateStore({ store }, {})).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('store') }),
    )
  })

  it('may contain a colon that belongs to a path', () => {
    expect(urlOf({ store: '/srv/10:30' }, {})).toBe('/srv/10:30')
    expect(urlOf({ store: './gs:/x' }, {})).toBe(join(process.cwd(), 'gs:/x'))
  })
})
