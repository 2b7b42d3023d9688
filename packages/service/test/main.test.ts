import { expect, it } from 'vitest'
import { parseFlags } from '../src/main.js'

it('flags are the names of settings in kebab case', () => {
  expect(parseFlags('worker', ['--requests-per-host', '4', '--memory=1GiB', '--config', 'x.yaml'])).toEqual({
    requestsPerHost: '4',
    memory: '1GiB',
    config: 'x.yaml',
  })
  expect(parseFlags('worker', ['--memory', '1GiB', '-h'])).toBeUndefined()
})

it.each([
  ['coordinator', ['--memory', '1GiB'], "Unknown option '--memory'"],
  ['dashboard', ['--password', 'x'], "Unknown option '--password'"],
  ['worker', ['--queue'], "'--queue <value>' argument missing"],
  ['worker', ['extra'], 'Unexpected argument'],
] as const)('%s refuses %j', (service, args, message) => {
  expect(() => parseFlags(service, args)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})
