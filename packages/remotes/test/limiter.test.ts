import { hostLimiterSuite, hostLimitsSuite } from '@dist/testkit'
import { createHostLimiter } from '../src/index.js'

for (const suite of [hostLimiterSuite, hostLimitsSuite])
  suite('createHostLimiter', async (policy) => {
    const limiter = createHostLimiter(policy)
    return { limiter, other: limiter, close: async () => {} }
  })
