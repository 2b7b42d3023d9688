import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { forEachOf } from '../src/several.js'
import { captured } from './support/context.js'

it('a failure is reported, and the other items continue', async () => {
  const { context, stderr } = captured()
  const done: string[] = []
  const code = await forEachOf(context, ['a', 'b', 'c'], { member: 'name' }, async (item) => {
    if (item === 'b') throw new DistError('NOT_FOUND', 'b is not here')
    done.push(item)
  })
  expect(code).toBe(6)
  expect(done).toEqual(['a', 'c'])
  expect(stderr()).toBe('dist: b is not here\n')
})

it('JSON has the failure with its code', async () => {
  const { context, stdout } = captured()
  await forEachOf(context, ['a'], { json: true, member: 'name' }, async () => {
    throw new DistError('NOT_FOUND', 'a is not here')
  })
  expect(JSON.parse(stdout())).toEqual({ name: 'a', error: 'a is not here', code: 'NOT_FOUND' })
})

it('a signal ends the work before the next item', async () => {
  const controller = new AbortController()
  const { context } = captured({ signal: controller.signal })
  const done: string[] = []
  const all = forEachOf(context, ['a', 'b'], { member: 'name' }, async (item) => {
    done.push(item)
    controller.abort('SIGINT')
  })
  await expect(all).rejects.toMatchObject({ code: 'CANCELED' })
  expect(done).toEqual(['a'])
})
