import { DistError } from '@dist/errdefs'
import { expect, it } from 'vitest'
import { describeError, run } from '../src/run.js'
import { version } from '../src/version.js'
import { captured } from './support/context.js'

it('--version prints the version on stdout', async () => {
  const { context, stdout } = captured()
  expect(await run(['--version'], context)).toBe(0)
  expect(stdout()).toBe(`${version}\n`)
})

it.each([[['inspect']], [['list', '--all']], [['resolve']], [['resolve', 'a', 'b']], [[]]])(
  '%j is a usage error, told on stderr',
  async (args) => {
    const { context, stdout, stderr } = captured()
    expect(await run(args, context)).toBe(2)
    expect(stdout()).toBe('')
    expect(stderr()).toContain('--help')
  },
)

it('a usage error names the command whose help tells more', async () => {
  const { context, stderr } = captured()
  expect(await run(['snapshots', 'rm'], context)).toBe(2)
  expect(stderr()).toContain('(dist snapshots rm --help tells more)')
})

it('a reference that cannot be right is a usage error in one line', async () => {
  const { context, stderr } = captured()
  expect(await run(['resolve', 'example.com/UPPER'], context)).toBe(2)
  expect(stderr()).toMatch(/^dist: .*lowercase.*\n$/)
})

it.each([[['list', '--json', '--all']], [['resolve', '--json', 'example.com/UPPER']]])(
  '%j fails in one JSON object on stderr, with its code',
  async (args) => {
    const { context, stdout, stderr } = captured()
    expect(await run(args, context)).toBe(2)
    expect(stdout()).toBe('')
    expect(JSON.parse(stderr())).toEqual({ error: expect.any(String), code: 'INVALID_ARGUMENT' })
  },
)

it('our errors are told as they are; others as defects, made fit for a terminal', () => {
  expect(describeError(new DistError('NOT_FOUND', 'no such thing'))).toBe('no such thing')
  const told = describeError(new TypeError('x is\nundefined \x1b[31m'))
  expect(told).toMatch(/^internal error: .*-v/)
  for (const control of ['\n', '\x1b']) expect(told).not.toContain(control)
})
