import { expect, it } from 'vitest'
import { type Found, Topic } from '../src/live/topic.js'

/** A question whose answers the test gives. */
function question() {
  const waiting: ((found: Found) => void)[] = []
  const look = () => new Promise<Found>((resolve) => waiting.push(resolve))
  const answer = async (id: string) => {
    waiting.shift()?.({ id, text: id })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { look, answer, asked: () => waiting.length }
}

function reader() {
  const got: string[] = []
  return { got, read: ({ id }: Found) => void got.push(id) }
}

it('one look answers all readers', async () => {
  const { look, answer, asked } = question()
  const topic = new Topic(look, 60_000)
  const [one, two] = [reader(), reader()]
  topic.add(one.read)
  await answer('first')
  topic.add(two.read)
  expect(asked()).toBe(1)
  await answer('second')
  expect([one.got, two.got]).toEqual([['first', 'second'], ['second']])
  topic.askIfDue()
  expect(asked()).toBe(0)
})

it('a reader gets no answer from before it came', async () => {
  const { look, answer, asked } = question()
  const topic = new Topic(look, 60_000)
  const [one, two, three] = [reader(), reader(), reader()]
  topic.add(one.read)
  topic.add(two.read)
  topic.add(three.read)
  await answer('old')
  expect([one.got, two.got, three.got]).toEqual([['old'], [], []])
  expect(asked()).toBe(1)
  await answer('new')
  expect([one.got, two.got, three.got]).toEqual([['old', 'new'], ['new'], ['new']])
  expect(asked()).toBe(0)
})

it('a reader that has left gets nothing', async () => {
  const { look, answer } = question()
  const topic = new Topic(look, 60_000)
  const one = reader()
  topic.add(one.read)
  topic.remove(one.read)
  await answer('late')
  expect(one.got).toEqual([])
  expect(topic.hasReaders).toBe(false)
})
