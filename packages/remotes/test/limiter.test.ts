import { hostLimiterSuite } from '@dist/testkit'
import { createHostLimiter } from '../src/index.js'

hostLimiterSuite('the limiter of a process', async (policy) => {
  const limiter = createHostLimiter(policy)
  return { limiter, other: limiter, close: async () => {} }
})
