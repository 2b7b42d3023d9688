import { startRegistry } from '@dist/testkit'
import { ociImage } from '@dist/testkit/fixtures'
import { describe, expect, it } from 'vitest'
import { useWorkspace, type Workspace } from '../support/workspace.js'

const workspace = useWorkspace()

/** Runs `dist` in a process in which something is broken before it begins. */
function broken(dist: Workspace, breakage: string, args: readonly string[]) {
  const preload = dist.file('broken.mjs', breakage)
  return dist.dist(args, { env: { NODE_OPTIONS: `--import=${preload}` } })
}

/** Every file that is closed by `using` fails to. */
const unclosable = `
import { open } from 'node:fs/promises'
const handle = await open('/dev/null')
Object.getPrototypeOf(handle)[Symbol.asyncDispose] = async () => {
  throw Object.assign(new Error('EIO: i/o error, close'), { code: 'EIO' })
}
await handle.close()
`

/** Whatever is written to stdout meets a defect. */
const defect = `
const cause = new Error('its cause')
Object.defineProperty(process.stdout, 'write', {
  value() { throw new TypeError('no way out to http://user:hunter2@broken.test/', { cause }) },
})
`

/** No request can be made. */
const requestless = `
Object.defineProperty(URL.prototype, 'origin', { get() { throw new TypeError('nothing has an origin') } })
`

describe('an error while things are closed', () => {
  it('does not hide the first one, and is told with -v', async () => {
    await using registry = await startRegistry()
    registry.content.putImage('app', 'v1', ociImage({ layers: [] }))
    const image = `${registry.host}/app:v1`
    expect((await workspace().dist(['pull', image])).code).toBe(0)
    const args = ['export', image, '-o', '/dev/full']
    const plain = await broken(workspace(), unclosable, args)
    expect(plain.stderr).toBe('dist: /dev/full: cannot be written: no space left on the device (ENOSPC)\n')
    expect(plain.code).toBe(1)
    const verbose = await broken(workspace(), unclosable, [...args, '-v'])
    expect(verbose.stderr).toContain(plain.stderr)
    expect(verbose.stderr).toMatch(/\nafter that, while closing:\nError: EIO: i\/o error, close\n/)
  })
})

describe('an internal error', () => {
  it('carries with -v what it is, where it comes from and why, without what URLs carry', async () => {
    expect((await workspace().dist(['ingest', 'ref'], { stdin: 'content' })).code).toBe(0)
    const plain = await broken(workspace(), defect, ['list'])
    const line = 'dist: internal error: no way out to http://broken.test/ (run again with -v for more)\n'
    expect(plain.stderr).toBe(line)
    expect(plain.code).toBe(1)
    const { stderr } = await broken(workspace(), defect, ['list', '-v'])
    expect(stderr).toContain(`${line}TypeError: no way out to http://broken.test/\n    at `)
    expect(stderr).toMatch(/\n {4}at .*\/bundle\/[\s\S]*\nError: its cause\n {4}at /)
    expect(stderr).not.toContain('hunter2')
  })

  it.each(['pull', 'mirror'])('of one image of several carries the same: %s', async (command) => {
    await using registry = await startRegistry()
    registry.content.putImage('app', 'v1', ociImage({ layers: [] }))
    const args = [command, `${registry.host}/app:v1`, `${registry.host}/app:v2`]
    const plain = await broken(workspace(), requestless, args)
    expect(plain.stderr).toContain('internal error: nothing has an origin')
    expect(plain.stderr).not.toContain('    at ')
    const { stderr } = await broken(workspace(), requestless, [...args, '-v'])
    expect(stderr).toMatch(/\nTypeError: nothing has an origin\n {4}at [\s\S]*\/bundle\//)
  })
})
