import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { snapshotsFolder } from '../src/open/store.js'

it.each([
  ['the option', { snapshots: '/option' }, { DIST_SNAPSHOTS: '/variable' }, '/option'],
  ['a relative option, from here', { snapshots: 'here' }, {}, resolve('here')],
  ['the variable', {}, { DIST_SNAPSHOTS: '/variable', XDG_DATA_HOME: '/data' }, '/variable'],
  ['beside the default store', {}, { XDG_DATA_HOME: '/data' }, '/data/dist-snapshots'],
  [
    'beside it at home, where variables are set to nothing',
    {},
    { DIST_SNAPSHOTS: '', XDG_DATA_HOME: '' },
    join(homedir(), '.local/share/dist-snapshots'),
  ],
])('root filesystems are where %s says', (_, options, env, folder) => {
  expect(snapshotsFolder(options, env)).toBe(folder)
})

it('a URL is refused, and becomes no folder', () => {
  expect(() => snapshotsFolder({ snapshots: 's3://bucket/x' }, {})).toThrowError(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})
