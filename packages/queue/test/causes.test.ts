import { DistError } from '@dist/errdefs'
import { describe, expect, it } from 'vitest'
import { causesOf, readCauses } from '../src/state/causes.js'

const reference = 'not valid'
const error = { code: 'INVALID_ARGUMENT', message: `${reference}: is no reference` } as const

function causeAt(host: string | undefined, thrown: unknown = new DistError(error.code, error.message)) {
  const { cause, about } = causesOf({ reference, error, stage: 'resolving' }, thrown, host)
  const [found] = readCauses({ [`about:${cause}`]: about, [`images:${cause}`]: '2' })
  return found
}

describe('the cause of a failed image', () => {
  it('has no host where the image has none: an invalid reference', () => {
    expect(causeAt('')).toEqual(causeAt(undefined))
    expect(causeAt('')).toMatchObject({ code: 'INVALID_ARGUMENT', stage: 'resolving', images: 2 })
    expect(causeAt('')).not.toHaveProperty('host')
  })

  it('has the host that the error names, before that of the image', () => {
    const thrown = new DistError('UNAVAILABLE', 'mirror.example does not answer', { host: 'mirror.example' })
    expect(causeAt('registry.example', thrown)?.host).toBe('mirror.example')
    expect(causeAt('registry.example')?.host).toBe('registry.example')
  })
})
