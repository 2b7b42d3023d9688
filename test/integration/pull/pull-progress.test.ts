import { type FixtureImage, faults, startRegistry } from '@dist/testkit'
import { indexImage, ownImage, singleImage } from '@dist/testkit/fixtures'
import { beforeEach, describe, expect, it } from 'vitest'
import { Screen } from '../support/screen.js'
import { perTest } from '../support/servers.js'
import { linesOf, type Running, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()
const registry = perTest(async () => {
  const registry = await startRegistry()
  registry.content.putImage('app', '1', singleImage)
  registry.content.putImage('app', 'index', indexImage)
  return registry
})

const reference = (tag: string) => `${registry().host}/app:${tag}`
const short = ({ descriptor }: Pick<FixtureImage, 'descriptor'>) => descriptor.digest.slice(0, 19)
const large = singleImage.blobs.at(-1) ?? singleImage

interface Terminal {
  columns?: number | undefined
  rows?: number | undefined
  env?: Record<string, string> | undefined
}

/** Starts the pull on a terminal of its own; `before` is what the shell does in it first. */
function startOnTerminal(args: string, { columns = 80, rows = 24, env = {} }: Terminal = {}): Running {
  const script = `stty cols ${columns} rows ${rows}; exec dist pull ${args}`
  return workspace().startShell(`exec script -qefc '${script}' /dev/null`, {
    env: { TERM: 'xterm-256color', ...env },
  })
}

const onTerminal = (args: string, options?: Terminal) => startOnTerminal(args, options).ended

describe('where stderr is no terminal', () => {
  it('lines tell what happened, and nothing is drawn', async () => {
    const ended = await workspace().dist(['pull', reference('index')])
    const lines = linesOf(ended.stderr)
    expect(lines[0]).toBe(`${reference('index')}: resolved ${indexImage.descriptor.digest}`)
    expect(lines.at(-1)).toBe(`${reference('index')}: done`)
    const fetched = ownImage.blobs.map((blob) => expect.stringContaining(short(blob)))
    expect(lines.slice(1, -1)).toHaveLength(fetched.length)
    expect(lines.slice(1, -1)).toEqual(expect.arrayContaining(fetched))
    expect(ended.stderr).not.toContain('\x1b')
  })

  it.each([
    ['TERM is dumb', '', { TERM: 'dumb' }],
    ['-v logs requests', '-v', { TERM: 'xterm' }],
  ])('lines also on a terminal where %s', async (_, option, env) => {
    const ended = await onTerminal(`${option} ${reference('1')}`, { env })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain(`${reference('1')}: done layer ${short(large)} 1.4 MiB`)
    expect(ended.stdout).not.toContain('\x1b')
    expect(ended.stdout.includes('GET http://')).toBe(option === '-v')
  })
})

describe('on a terminal', () => {
  it('the last picture has a full bar for each object, then comes what a pipe would get', async () => {
    const ended = await onTerminal(reference('1'), { columns: 100 })
    expect(ended.code).toBe(0)
    const screen = new Screen(100).write(ended.stdout)
    expect(screen.cursor).toBe(true)
    const [image, ...rest] = screen.lines
    expect(image).toBe(`${reference('1')}  done`)
    const objects = [singleImage, ...singleImage.blobs]
    for (const object of objects)
      expect(rest.filter((line) => line.includes(short(object)) && /done +│━+│ /.test(line))).toHaveLength(1)
    expect(rest).toHaveLength(objects.length + 2)
    expect(rest.at(-2)).toMatch(/^elapsed [\d.]+s {3}1\.4 MiB \/ 1\.4 MiB {3}[\d.]+ [KM]iB\/s$/)
    expect(rest.at(-1)).toBe(`${reference('1')} ${singleImage.descriptor.digest}`)
  })

  it.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
  ])('with %o it has colours: %s', async (env, colored) => {
    const { stdout } = await onTerminal(reference('1'), { env })
    expect(stdout.includes('\x1b[32m')).toBe(colored)
    expect(stdout.split('\x1b[').some((part) => /^\d+m/.test(part))).toBe(colored)
    expect(stdout).toContain('\x1b[?25l')
  })

  it.each([20, 41, 80])('nothing wraps on %i columns', async (columns) => {
    const { stdout } = await onTerminal(`--json ${reference('1')} ${reference('index')}`, { columns })
    const drawn = stdout.slice(0, stdout.lastIndexOf('\x1b[?25h'))
    expect(new Screen(columns).write(drawn).lines).toEqual(new Screen(1000).write(drawn).lines)
  })

  it('a failure is drawn, and said once', async () => {
    registry().script({ path: large.descriptor.digest }, faults.status(404))
    const ended = await onTerminal(reference('1'), { columns: 120 })
    expect(ended.code).toBe(3)
    const { lines } = new Screen(1000).write(ended.stdout)
    expect(lines[0]).toBe(`${reference('1')}  failed`)
    expect(lines.find((line) => line.includes(short(large)) && line.includes('│'))).toContain('failed')
    expect(lines.filter((line) => line.startsWith('dist: '))).toEqual([
      expect.stringContaining(large.descriptor.digest),
    ])
  })
})

describe('in the middle of a pull', () => {
  const half = 700_000
  let release = () => {}
  beforeEach(() => {
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const inHalves = faults.delivered((response, { status, headers, body }) => {
      response.writeHead(status, headers).write(body.subarray(0, half))
      released.then(() => response.end(body.subarray(half)))
    })
    registry().script({ path: large.descriptor.digest }, inHalves, { times: 1 })
  })

  it('the bar shows how far it is', async () => {
    const running = startOnTerminal(reference('1'), { columns: 100 })
    await running.said('684 KiB / 1.4 MiB')
    release()
    expect((await running.ended).code).toBe(0)
  })

  it('Ctrl-C: 130, the cursor is back and the picture stays', async () => {
    const running = startOnTerminal(reference('1'), { columns: 100 })
    await running.said('684 KiB / 1.4 MiB')
    running.child.stdin?.write('\x03')
    const ended = await running.ended
    expect(ended.code).toBe(130)
    const screen = new Screen(100).write(ended.stdout)
    expect(screen.cursor).toBe(true)
    expect(screen.lines.join('\n')).toContain(`${reference('1')}  canceled`)
  })

  it('a terminal that is made narrower is drawn on in its new width', async () => {
    await workspace().shell('mkfifo narrower')
    const script = `stty cols 120 rows 24; dist pull ${reference('1')} & read < narrower; stty cols 50; echo NARROW; wait $!`
    const running = workspace().startShell(`exec script -qefc "bash -c '${script}'" /dev/null`, {
      env: { TERM: 'xterm' },
    })
    await running.said('684 KiB / 1.4 MiB')
    await workspace().shell('echo go > narrower')
    await running.said('NARROW')
    release()
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    const last = stdout.slice(stdout.lastIndexOf('A\r') + 1, stdout.lastIndexOf('\x1b[?25h'))
    const { lines } = new Screen(1000).write(last)
    expect(lines[0]).toBe(`${reference('1')}  done`)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(50)
  })
})
