import type { Plan } from '@dist/mirror'
import { mediaTypes, parseDigest } from '@dist/oci'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Context } from '../src/context.js'
import { kindOf, labelOf, shortDigest } from '../src/output/format.js'
import { barsView } from '../src/progress/images/bars.js'
import { openView, plainView } from '../src/progress/images/view.js'
import { fakeTerminal, layer, object, progressOf } from './progress-support.js'
import { captured } from './support/context.js'

const desc = layer('one')
const [hide, show] = ['\x1b[?25l', '\x1b[?25h']

/** The number of rows of each upward move of the cursor. */
const rowsUp = (written: string) =>
  written.split('\x1b[').flatMap((part) => /^(\d+)A/.exec(part)?.slice(1).map(Number) ?? [])

describe('bars', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const open = (columns = 80, rows = 24, env = {}) => {
    const terminal = fakeTerminal(columns, rows)
    const listeners = process.listenerCount('exit')
    const progress = progressOf(object('app:1', desc, 'downloading', 40))
    return { ...terminal, progress, listeners, view: barsView(progress, terminal.stream, env) }
  }

  it('hide the cursor until the end', () => {
    const { view, written, listeners } = open()
    expect(written().startsWith(hide)).toBe(true)
    expect(process.listenerCount('exit')).toBe(listeners + 1)
    view.end()
    expect(written().endsWith(show)).toBe(true)
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('replace the last picture', () => {
    const { view, written } = open()
    vi.advanceTimersByTime(100)
    expect(written()).not.toContain('\x1b[3A')
    vi.advanceTimersByTime(100)
    expect(written().split('\x1b[3A')).toHaveLength(2)
    view.end()
    const drawn = written().length
    vi.advanceTimersByTime(1000)
    expect(written()).toHaveLength(drawn)
  })

  it('replace lines that a narrower terminal has wrapped', () => {
    const { view, written, resize } = open(100)
    vi.advanceTimersByTime(100)
    resize.columns = 40
    vi.advanceTimersByTime(100)
    expect(rowsUp(written())).toEqual([5])
    view.end()
  })

  it('fit the rows of the terminal at the end', () => {
    const { view, progress, written } = open(80, 10)
    for (let i = 0; i < 50; i++) progress.apply(object('app:1', layer(`more-${i}`), 'done', 100))
    view.end()
    expect(written().split('\n').length - 1).toBe(9)
    expect(written()).toContain('… 45 more')
  })

  it.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, true],
  ])('with %o have colours: %s', (env, colored) => {
    const { view, written } = open(80, 24, env)
    view.end()
    expect(
      written()
        .split('\x1b[')
        .some((part) => /^\d+m/.test(part)),
    ).toBe(colored)
  })
})

describe('the view', () => {
  const opened = async (env: NodeJS.ProcessEnv, isTTY: boolean, plain?: boolean) => {
    const terminal = fakeTerminal(80, 24)
    Object.assign(terminal.stream, { isTTY })
    const view = await openView({ stderr: terminal.stream, env } as unknown as Context, { plain })
    view.onEvent(object('app:1', desc, 'done', 100))
    view.end()
    view.end()
    return terminal.written()
  }
  const line = `app:1: done ${labelOf(desc)} 100 B\n`

  it('is bars on a terminal, and ends once', async () => {
    expect((await opened({ TERM: 'xterm' }, true)).split(show)).toHaveLength(2)
  })

  it('is lines without a terminal, on a dumb terminal, and with other output on the terminal', async () => {
    expect(await opened({ TERM: 'xterm' }, false)).toBe(line)
    expect(await opened({ TERM: 'dumb' }, true)).toBe(line)
    expect(await opened({ TERM: 'xterm' }, true, true)).toBe(line)
  })
})

describe('plain lines', () => {
  const written = (...events: Parameters<ReturnType<typeof plainView>['onEvent']>[0][]) => {
    const { context, stderr } = captured()
    const view = plainView(context.stderr)
    for (const event of events) view.onEvent(event)
    view.end()
    return stderr()
  }
  const manifest = { mediaType: mediaTypes.ociManifest, digest: desc.digest, size: 7 }

  it('report the resolved reference, the fetched objects and the result', () => {
    expect(
      written(
        { type: 'image', reference: 'app:1', state: 'resolving' },
        { type: 'image', reference: 'app:1', state: 'resolved', desc: manifest },
        object('app:1', manifest, 'done', 7),
        object('app:1', desc, 'waiting'),
        object('app:1', desc, 'downloading', 50),
        object('app:1', desc, 'done', 100),
        { type: 'image', reference: 'app:1', state: 'done', plan: { upToDate: false } as Plan },
      ),
    ).toBe(`app:1: resolved ${desc.digest}\napp:1: done ${labelOf(desc)} 100 B\napp:1: done\n`)
  })

  it('report an image that is up to date', () => {
    const plan = { upToDate: true } as Plan
    expect(written({ type: 'image', reference: 'app:1', state: 'done', plan })).toBe('app:1: up to date\n')
  })
})

describe('labels', () => {
  it.each([
    [mediaTypes.ociIndex, 'index'],
    [mediaTypes.dockerIndex, 'index'],
    [mediaTypes.ociManifest, 'manifest'],
    [mediaTypes.dockerManifest, 'manifest'],
    [mediaTypes.ociConfig, 'config'],
    [mediaTypes.dockerConfig, 'config'],
    [mediaTypes.ociLayerZstd, 'layer'],
    [mediaTypes.dockerLayerGzip, 'layer'],
    ['application/vnd.cncf.helm.config.v1+json', 'config'],
    [mediaTypes.octetStream, 'blob'],
  ])('%s is called %s', (mediaType, kind) => {
    expect(kindOf(mediaType)).toBe(kind)
  })

  it('a short digest has its algorithm and twelve digits', () => {
    expect(shortDigest(`sha512:${'ab'.repeat(64)}`)).toBe('sha512:abababababab')
  })

  it('the label of a manifest has its platform', () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' }
    const digest = parseDigest(`sha256:${'0'.repeat(64)}`)
    expect(labelOf({ mediaType: mediaTypes.ociManifest, digest, size: 1, platform })).toBe(
      'manifest sha256:000000000000 linux/arm/v7',
    )
  })
})
