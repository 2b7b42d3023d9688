import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveUser } from '../src/runtime/user.js'
import { errorOf } from './support/world.js'

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1::/:/sbin/nologin
web:x:33:34:Web:/srv/www:/bin/false
nohome:x:40:41:::
# nobody reads this
broken:x:abc:0::/:/bin/sh
short:x:50
+nis::::::
web:x:99:99::/second:/bin/sh`
const group = `root:x:0:root
bin:x:1:root,daemon
www:x:80:
media:x:90:web,root
broken:x:abc:web
short:x
extra:x:91:other,web`
const accounts = { passwd, group }
const none = { passwd: undefined, group: undefined }
const resolve = (spec: string) => resolveUser(spec, accounts)

describe('the user of an image', () => {
  it('is root where the image names none, with home and groups of root', () => {
    expect(resolve('')).toEqual({ uid: 0, gid: 0, additionalGids: [0, 1, 90], home: '/root' })
  })

  it('by name has ids, home and groups of the files; the first of two lines wins', () => {
    expect(resolve('web')).toEqual({ uid: 33, gid: 34, additionalGids: [90, 91], home: '/srv/www' })
  })

  it('by number is that id, with its group, home and groups in the files', () => {
    expect(resolve('33')).toEqual(resolve('web'))
    expect(resolve('1234')).toEqual({ uid: 1234, gid: 0, additionalGids: [] })
  })

  it('with a group has only that group', () => {
    expect(resolve('web:www')).toEqual({ uid: 33, gid: 80, additionalGids: [], home: '/srv/www' })
    expect(resolve('web:77')).toMatchObject({ uid: 33, gid: 77, additionalGids: [] })
    expect(resolve('33:www')).toMatchObject({ uid: 33, gid: 80 })
    expect(resolve('1000:1001')).toEqual({ uid: 1000, gid: 1001, additionalGids: [] })
    expect(resolve(':www')).toMatchObject({ uid: 0, gid: 80, additionalGids: [] })
  })

  it('has no home where the files have none', () => {
    expect(resolve('nohome')).toEqual({ uid: 40, gid: 41, additionalGids: [] })
  })

  it('by number needs no files', () => {
    expect(resolveUser('', none)).toEqual({ uid: 0, gid: 0, additionalGids: [] })
    expect(resolveUser('7:8', none)).toEqual({ uid: 7, gid: 8, additionalGids: [] })
  })

  it.each([
    ['a missing user', 'nobody', /user nobody, which its \/etc\/passwd does not have/],
    ['a missing group', 'web:nogroup', /group nogroup, which its \/etc\/group does not have/],
    ['a user whose line has no ids', 'broken', /user broken/],
    ['a user whose line is cut off', 'short', /user short/],
    ['a group whose line has no id', 'web:broken', /group broken/],
    ['the line of another directory service', '+nis', /user \+nis/],
    ['an id outside the range of Linux', '4294967295', /larger than 4294967294/],
    ['a group outside the range of Linux', '0:99999999999999999999', /larger than 4294967294/],
    ['a negative id', '-1', /user -1/],
    ['control characters', '\x1b[2J', /user \\u\{1b\}\[2J/],
  ])('MALFORMED: %s', async (_, spec, expected) => {
    expect(await errorOf(() => resolve(spec))).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringMatching(expected),
    })
  })

  const id = fc.integer({ min: 0, max: 2 ** 32 - 2 })
  const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,12}$/)

  it('by number does not depend on the files', () => {
    const text = fc.option(fc.string(), { nil: undefined })
    fc.assert(
      fc.property(id, id, text, text, (uid, gid, passwdText, groupText) => {
        const user = resolveUser(`${uid}:${gid}`, { passwd: passwdText, group: groupText })
        expect(user).toMatchObject({ uid, gid, additionalGids: [] })
      }),
    )
  })

  it('by name is found with all groups that have it as a member', () => {
    const users = fc.uniqueArray(fc.record({ name, uid: id, gid: id }), { selector: (user) => user.name })
    const groups = fc.array(fc.record({ name, gid: id, members: fc.array(name, { maxLength: 3 }) }))
    fc.assert(
      fc.property(users, groups, fc.nat(), (all, inGroups, at) => {
        const user = all[at % Math.max(1, all.length)]
        fc.pre(user !== undefined)
        const joined = [...inGroups, { name: 'own', gid: 5, members: [user.name] }]
        const files = {
          passwd: all.map((each) => `${each.name}:x:${each.uid}:${each.gid}::/home/${each.name}:`).join('\n'),
          group: joined.map((each) => `${each.name}:x:${each.gid}:${each.members.join(',')}`).join('\n'),
        }
        expect(resolveUser(user.name, files)).toEqual({
          uid: user.uid,
          gid: user.gid,
          home: `/home/${user.name}`,
          additionalGids: joined.filter(({ members }) => members.includes(user.name)).map(({ gid }) => gid),
        })
      }),
    )
  })

  it('has ids in the range of Linux or is MALFORMED, for any input', () => {
    const line = fc
      .array(fc.oneof(name, fc.string(), id.map(String), fc.bigInt().map(String)), { maxLength: 8 })
      .map((fields) => fields.join(':'))
    const file = fc.array(line).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(fc.oneof(name, fc.string(), fc.bigInt().map(String)), file, file, (spec, users, groups) => {
        try {
          const { uid, gid, additionalGids } = resolveUser(spec, { passwd: users, group: groups })
          for (const each of [uid, gid, ...additionalGids]) {
            expect(Number.isSafeInteger(each)).toBe(true)
            expect(each).toBeGreaterThanOrEqual(0)
            expect(each).toBeLessThan(2 ** 32 - 1)
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'DistError', code: 'MALFORMED' })
        }
      }),
    )
  })
})
