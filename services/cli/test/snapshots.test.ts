import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { snapshotsFolder } from '../src/open/store.js'

it.each([
  ['the option', { snapshots: '/option' }, { DIST_SNAPSHOTS: '/variable' }, '/option'],
  ['a relative option, resolved from the current folder', { snapshots: 'here' }, {}, resolve('here')],
  ['the variable', {}, { DIST_SNAPSHOTS: '/variable', XDG_DATA_HOME: '/data' }, '/variable'],
  ['beside the default store', {}, { XDG_DATA_HOME: '/data' }, '/data/dist-snapshots'],
  [
    'beside the default store at home, with empty variables',
    {},
    { DIST_SNAPSHOTS: '', XDG_DATA_HOME: '' },
    join(homedir(), '.local/share/dist-snapshots'),
  ],
])('the folder of root filesystems: %s', (_, options, env, folder) => {
  expect(snapshotsFolder(options, env)).toBe(folder)
})

it('a URL is refused as a folder', () => {
  expect(() => snapshotsFolder({ snapshots: 's3://bucket/x' }, {})).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})
