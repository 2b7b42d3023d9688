import { describe, expect, it } from 'vitest'
import { type HostSlot, HostSlots, type HostSlotsOptions } from '../src/engine/host-slots.js'

const waitMs = 20

function slots(options: Partial<HostSlotsOptions> = {}) {
  const shared = new HostSlots({ perHost: 2, trials: false, waitMs, ...options })
  const stop = new AbortController()
  const room = { full: false }
  const enter = (host: string) => shared.enter(host, { signal: stop.signal, isFull: () => room.full })
  return { enter, room, stop }
}

async function entered(slot: Promise<HostSlot | undefined>): Promise<HostSlot> {
  const held = await slot
  if (held === undefined) throw new Error('no slot')
  return held
}

/** Whether a promise is still pending after a moment. */
async function waits(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  const later = new Promise((resolve) => setTimeout(resolve, waitMs * 3, open))
  return (await Promise.race([promise, later])) === open
}

describe('the slots of hosts', () => {
  it('are limited for each host; a freed one goes to the next job', async () => {
    const { enter } = slots()
    const [first] = [await entered(enter('a')), await entered(enter('a'))]
    const third = enter('a')
    await entered(enter('b'))
    expect(await waits(third)).toBe(true)
    first[Symbol.dispose]()
    await entered(third)
  })

  it('are never exceeded when several are requested at the same time', async () => {
    const { enter } = slots()
    const asked = Array.from({ length: 6 }, () => enter('a'))
    const held: HostSlot[] = []
    for (const slot of asked) void slot.then((given) => given && held.push(given))
    await waits(Promise.all(asked))
    expect(held).toHaveLength(2)
    for (const slot of held.splice(0)) slot[Symbol.dispose]()
    await waits(Promise.all(asked))
    expect(held).toHaveLength(2)
  })

  it('go to the next job when all bytes have arrived, but only a quarter of them before the job has ended', async () => {
    const { enter } = slots({ perHost: 4 })
    const held = await Promise.all([1, 2, 3, 4].map(() => entered(enter('a'))))
    const [fifth, sixth] = [enter('a'), enter('a')]
    held[0]?.arrived()
    await entered(fifth)
    held[1]?.arrived()
    held[0]?.arrived()
    expect(await waits(sixth)).toBe(true)
    // It has no slot any more: its end lets another one give its slot away.
    held[0]?.[Symbol.dispose]()
    expect(await waits(sixth)).toBe(true)
    held[1]?.arrived()
    await entered(sixth)
    held[1]?.[Symbol.dispose]()
    expect(await waits(enter('a'))).toBe(true)
  })

  it('are refused at a host without progress when other hosts need the room', async () => {
    const { enter, room } = slots()
    await Promise.all([entered(enter('a')), entered(enter('a'))])
    const third = enter('a')
    expect(await waits(third)).toBe(true)
    room.full = true
    expect(await third).toBeUndefined()
  })

  it('are waited for at a host with progress, however full the consumer is', async () => {
    const { enter, room } = slots({ waitMs: 10_000 })
    room.full = true
    const ended = await entered(enter('a'))
    await Promise.all([entered(enter('a'))])
    const next = [enter('a'), enter('a'), enter('a')]
    ended[Symbol.dispose]()
    await entered(next[0] as Promise<HostSlot | undefined>)
    const more = enter('a')
    expect(await waits(more)).toBe(true)
  })

  it('are one until a host has answered, with trials', async () => {
    const { enter, room } = slots({ trials: true })
    const trial = await entered(enter('a'))
    const next = enter('a')
    expect(await waits(next)).toBe(true)
    trial.answered()
    const second = await entered(next)
    second.lost()
    second[Symbol.dispose]()
    trial[Symbol.dispose]()
    await entered(enter('a'))
    room.full = true
    expect(await enter('a')).toBeUndefined()
  })

  it('are not waited for after an abort', async () => {
    const { enter, stop } = slots({ perHost: 1 })
    const held = await entered(enter('a'))
    const next = enter('a')
    stop.abort()
    await expect(next).rejects.toMatchObject({ code: 'CANCELED' })
    await expect(enter('b')).rejects.toMatchObject({ code: 'CANCELED' })
    held[Symbol.dispose]()
  })
})
