import type { Answer } from '@dist/api'
import { useEffect, useState } from 'preact/hooks'
import { type Asked, pathOf, type Read, type ReadPath, read } from './call.js'
import { changed } from './changed.js'
import { poll } from './poll.js'
import { type Live, Shown } from './shown.js'
import { followAnswer } from './stream.js'

export { refresh } from './changed.js'
export type { Live } from './shown.js'

/** How often something is asked again, in milliseconds. */
export const pace = { fast: 1_000, slow: 5_000, rare: 30_000 } as const

/** It depends on who asks: it is not part of the stream, which is the same for all. Nor is what is asked rarely. */
const personal = '/session'

/** Follows an operation of the API. Undefined for `asked`: nothing is asked. */
export function useAnswer<const Path extends ReadPath>(
  path: Path,
  asked: Asked<Read<Path>> | undefined,
  everyMs: number,
): Live<Answer<Read<Path>>> {
  const full = asked && pathOf(path, asked.params, asked.query as object | undefined)
  return useShown<Answer<Read<Path>>>(full, everyMs, (shown) => {
    if (path === personal || everyMs > pace.slow)
      return poll((signal) => read(path, asked, signal), everyMs, shown)
    return followAnswer(everyMs > pace.fast ? 'slow' : 'ask', full ?? '', shown as Shown<unknown>)
  })
}

/** What `follow` has shown for the key. */
function useShown<T>(
  key: string | undefined,
  everyMs: number,
  follow: (shown: Shown<T>) => () => void,
): Live<T> {
  const [live, setLive] = useState<Live<T> & { readonly key?: string | undefined }>({})
  useEffect(() => {
    if (key === undefined) return
    const shown = new Shown<T>((next) =>
      setLive((last) => ({ key, data: last.key === key ? last.data : undefined, ...next })),
    )
    // Before the answers to the change.
    const unfollow = changed.follow(() => shown.hurry())
    const leave = follow(shown)
    return () => {
      leave()
      unfollow()
      shown.stop()
    }
  }, [key, everyMs])
  return live.key === key ? live : {}
}
