import { describe, expect, it } from 'vitest'
import type { Compare } from '../src/passwords/comparer.js'
import { parseHtpasswd } from '../src/passwords/htpasswd.js'
import { SignIn } from '../src/passwords/sign-in.js'
import { hash } from './support/users.js'

const alice = { user: 'alice', password: 'right' }
const wrong = { user: 'alice', password: 'wrong' }

/** Sign-in with one user, counted comparisons and a clock. */
function world(compare: Compare = async (password) => password === 'right') {
  const state = { users: parseHtpasswd(`alice:${hash}`, 'users'), time: 0, compared: [] as string[] }
  const counted: Compare = async (password, known) => {
    state.compared.push(known)
    return await compare(password, known)
  }
  const signIn = new SignIn(
    () => state.users,
    counted,
    () => state.time,
  )
  return { state, signIn }
}

describe('a right password', () => {
  it('is compared once in a minute', async () => {
    const { state, signIn } = world()
    for (let i = 0; i < 50; i++) expect(await signIn.check(alice, 'net')).toEqual({ user: 'alice' })
    expect(state.compared).toEqual([hash])
    state.time = 60_000
    await signIn.check(alice, 'net')
    expect(state.compared).toHaveLength(2)
  })

  it('is compared once for many requests at the same time', async () => {
    const { state, signIn } = world()
    const all = await Promise.all(Array.from({ length: 500 }, () => signIn.check(alice, 'net')))
    expect(all.every((each) => 'user' in each)).toBe(true)
    expect(state.compared).toHaveLength(1)
  })

  it('is no longer right once the file has another one', async () => {
    const { state, signIn } = world(async (_, known) => known === hash)
    await signIn.check(alice, 'net')
    state.users = parseHtpasswd(`alice:${hash.replace('$05$', '$06$')}`, 'users')
    expect(await signIn.check(alice, 'net')).toEqual({ failed: 'wrong' })
    state.users = parseHtpasswd(`bob:${hash}`, 'users')
    expect(await signIn.check(alice, 'net')).toEqual({ failed: 'wrong' })
  })
})

describe('a wrong password', () => {
  it('is not compared any more after twenty of a network, until some time has passed', async () => {
    const { state, signIn } = world()
    for (let i = 0; i < 20; i++)
      expect(await signIn.check({ ...wrong, password: `wrong${i}` }, 'net')).toEqual({ failed: 'wrong' })
    expect(await signIn.check(wrong, 'net')).toEqual({ failed: 'later', seconds: 6 })
    expect(await signIn.check(alice, 'net')).toMatchObject({ failed: 'later' })
    expect(state.compared).toHaveLength(20)
    expect(await signIn.check(alice, 'other')).toEqual({ user: 'alice' })
    state.time = 6_000
    expect(await signIn.check(wrong, 'net')).toEqual({ failed: 'wrong' })
  })

  it('does not keep out who is signed in already from the same network', async () => {
    const { signIn } = world()
    await signIn.check(alice, 'net')
    for (let i = 0; i < 22; i++) await signIn.check({ ...wrong, password: `wrong${i}` }, 'net')
    expect(await signIn.check(alice, 'net')).toEqual({ user: 'alice' })
  })

  it('is limited also when all arrive at the same time', async () => {
    const { state, signIn } = world()
    const guesses = Array.from({ length: 100 }, (_, i) => ({ user: 'alice', password: `guess${i}` }))
    await Promise.all(guesses.map((guess) => signIn.check(guess, 'net')))
    expect(state.compared).toHaveLength(20)
  })

  it('of an unknown user is compared, too, and is wrong whatever comes out', async () => {
    const { state, signIn } = world(async () => true)
    expect(await signIn.check({ user: 'nobody', password: 'x' }, 'net')).toEqual({ failed: 'wrong' })
    expect(state.compared).toEqual([state.users.decoy])
  })
})

it('who comes while too many others wait is told to come later, and it counts as no failure', async () => {
  const { signIn } = world(async () => undefined)
  for (let i = 0; i < 50; i++)
    expect(await signIn.check(alice, 'net')).toEqual({ failed: 'later', seconds: 1 })
})
