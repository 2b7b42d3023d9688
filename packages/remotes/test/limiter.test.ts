import { hostLimiterSuite } from '@dist/testkit'
import { createHostLimiter } from '../src/index.js'

hostLimiterSuite('createHostLimiter', async (policy) => {
  const limiter = createHostLimiter(policy)
  return { limiter, other: limiter, close: async () => {} }
})
