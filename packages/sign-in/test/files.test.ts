import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { type Watched, watchFiles } from '../src/files/watched.js'
import { silent, useFolder } from './support/users.js'

function logged() {
  const errors: object[] = []
  return { errors, log: { ...silent, error: (_: string, fields: object = {}) => errors.push(fields) } }
}

function closed<T>(watched: Watched<T>): Watched<T> {
  onTestFinished(() => watched[Symbol.dispose]())
  return watched
}

it('a file is read again when it changes, is replaced, or a link to it moves', async () => {
  const file = useFolder()
  const path = file('link', '')
  const [one, two] = [file('one', 'one'), file('two', 'two')]
  rmSync(path)
  symlinkSync(one, path)
  const load = async () => readFileSync(path, 'utf8')
  const watched = closed(await watchFiles([path], load, { log: silent, interval: 5 }))
  const seen: string[] = []
  watched.onChange((value) => seen.push(value))
  expect(watched.current).toBe('one')
  writeFileSync(one, 'changed')
  await expect.poll(() => watched.current).toBe('changed')
  symlinkSync(two, `${path}.new`)
  renameSync(`${path}.new`, path)
  await expect.poll(() => watched.current).toBe('two')
  expect(seen).toEqual(['changed', 'two'])
})

it('a file that cannot be used is logged once, and what it said before stays', async () => {
  const file = useFolder()
  const path = file('number', '1')
  const load = async () => {
    const text = readFileSync(path, 'utf8')
    if (!/^\d$/.test(text)) throw new Error('no number')
    return Number(text)
  }
  const { errors, log } = logged()
  const watched = closed(await watchFiles([path], load, { log, interval: 5 }))
  writeFileSync(path, 'x')
  await expect.poll(() => errors).toEqual([{ files: [path], code: 'INTERNAL', why: 'no number' }])
  expect(watched.current).toBe(1)
  rmSync(path)
  await expect.poll(() => errors).toHaveLength(2)
  writeFileSync(path, '2')
  await expect.poll(() => watched.current).toBe(2)
  expect(errors).toHaveLength(2)
})
