import { connectRedis, createRedisHostLimiter } from '@dist/redis'
import type { HostPolicies } from '@dist/remotes'
import { hostLimiterSuite, hostLimitsSuite } from '@dist/testkit'
import { startRedis } from '@dist/testkit/servers'
import { forFile } from '../support/servers.js'

const server = await forFile(startRedis())

for (const suite of [hostLimiterSuite, hostLimitsSuite])
  suite('a limiter over Redis', async (policy: HostPolicies) => {
    const [one, other] = await Promise.all([connectRedis(server.url), connectRedis(server.url)])
    return {
      limiter: createRedisHostLimiter(one, { policy }),
      other: createRedisHostLimiter(other, { policy }),
      close: async () => {
        await one.flushall()
        for (const redis of [one, other]) redis.disconnect()
      },
    }
  })
