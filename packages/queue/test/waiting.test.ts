import { describe, expect, it } from 'vitest'
import { WaitingImages } from '../src/image/waiting.js'
import { newGeneration, newRunId } from '../src/jobs/ids.js'
import type { ImageJob } from '../src/jobs/payload.js'

const run = newRunId()

function image(index: number): ImageJob {
  return { v: 2, run, index, attempt: 1, reference: 'alpine', generation: newGeneration() }
}

const naming = (objects: number) => ({ objects, wake: async () => undefined })

describe('an image that waits', () => {
  it('is remembered for one wake, and only for the generation of its blob jobs', () => {
    const images = new WaitingImages()
    const [waiting, job] = [naming(3), image(0)]
    images.keep(job, waiting)
    expect(images.take({ ...job, generation: newGeneration() })).toBeUndefined()
    expect(images.take({ ...job, attempt: 2 })).toBeUndefined()
    expect(images.take(job)).toBe(waiting)
    expect(images.take(job)).toBeUndefined()
  })

  it('is forgotten when later ones name too many objects', () => {
    const images = new WaitingImages(10)
    const jobs = [0, 1, 2].map(image)
    for (const job of jobs) images.keep(job, naming(5))
    const known = () => jobs.map((job) => images.take(job) !== undefined)
    expect(known()).toEqual([false, true, true])
    for (const job of jobs) images.keep(job, naming(5))
    expect(known()).toEqual([false, true, true])
    const [large, next] = [image(3), image(4)]
    images.keep(large, naming(11))
    images.keep(next, naming(10))
    expect(images.take(large)).toBeUndefined()
    expect(images.take(next)).toBeDefined()
  })
})
