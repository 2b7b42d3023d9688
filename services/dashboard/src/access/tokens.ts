import type { TokenInfo, Tokens } from '@dist/runs'
import { type Logger, throttledLogger } from '@dist/service'

/** Milliseconds between two looks at whether Redis still has the tokens. */
const lookMs = 30_000

export interface WatchedTokens extends AsyncDisposable {
  find(token: string): Promise<TokenInfo | undefined>
}

/** The tokens, with a line in the log when Redis has lost them, and when a program uses one that is not valid. */
export function watchTokens(tokens: Pick<Tokens, 'find' | 'epoch'>, log: Logger): WatchedTokens {
  const throttled = throttledLogger(log)
  let known: string | undefined
  const look = async () => {
    const epoch = await tokens.epoch()
    if (known !== undefined && epoch !== known)
      log.error('Redis has lost the tokens of the API: programs need new ones from dist token create')
    known = epoch
  }
  const timer = setInterval(() => void look().catch(() => {}), lookMs)
  void look().catch(() => {})
  return {
    find: async (token) => {
      const found = await tokens.find(token)
      if (found !== undefined) {
        if (known === undefined) await look()
        return found
      }
      await look()
      throttled.warn('a token that is not valid was used: it has expired, was revoked, or Redis has lost it')
      return undefined
    },
    [Symbol.asyncDispose]: async () => clearInterval(timer),
  }
}
