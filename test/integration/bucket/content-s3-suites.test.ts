import { randomUUID } from 'node:crypto'
import { openS3Store, parseS3Url, type S3StoreOptions } from '@dist/content-s3'
import { anonymousSuite, contentSuite, ledgersSuite, namesSuite } from '@dist/testkit'
import { afterAll } from 'vitest'
import { createS3Client } from '../../../packages/content-s3/src/client.js'
import { sharedGateway } from '../support/servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const gateway = await sharedGateway()

const client = createS3Client({ ...parseS3Url(gateway.url('')), credentials: gateway.credentials })
afterAll(() => client.destroy())

/** A store at a separate prefix. */
function opened(options: S3StoreOptions, prefix: string = randomUUID()) {
  return openS3Store(parseS3Url(gateway.url(prefix)), { ...options, client })
}

const content = (options: S3StoreOptions) => async () => {
  const store = await opened(options)
  return { store: store.content, close: () => store.close() }
}

contentSuite('an S3 bucket, content put whole,', content({}))
contentSuite('an S3 bucket, content put in parts,', content({ smallSize: 1024, partSize: 5 * 1024 * 1024 }))
anonymousSuite('an S3 bucket', content({}))

/** Two openings of one store. */
async function openedTwice(options: S3StoreOptions) {
  const prefix = randomUUID()
  const [one, other] = [await opened(options, prefix), await opened(options, prefix)]
  const close = async () => {
    await one.close()
    await other.close()
  }
  return { one, other, close }
}

ledgersSuite('an S3 bucket', async () => {
  const { one, other, close } = await openedTwice({})
  return { ledgers: one.ledgers, others: other.ledgers, close }
})

// Both kinds send the same requests (`requests.test.ts`). Names need GET, PUT and LIST.
for (const requests of ['fast', 'sdk'] as const)
  namesSuite(`an S3 bucket (${requests})`, async () => {
    const { one, other, close } = await openedTwice({ requests })
    return { names: one.names, others: other.names, close }
  })
