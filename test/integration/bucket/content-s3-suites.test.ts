import { randomUUID } from 'node:crypto'
import { openS3Store, parseS3Url, type S3StoreOptions } from '@dist/content-s3'
import { anonymousSuite, contentSuite, ledgersSuite, namesSuite } from '@dist/testkit'
import { startGateway } from '@dist/testkit/servers'
import { forFile } from '../support/servers.js'

// Read by the SDK when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const gateway = await forFile(startGateway())

/** A store at a separate prefix. */
async function opened(options: S3StoreOptions, prefix: string = randomUUID()) {
  const credentials = { accessKeyId: gateway.accessKey, secretAccessKey: gateway.secretKey }
  return openS3Store(parseS3Url(gateway.url(prefix)), { ...options, connection: { credentials } })
}

const content = (options: S3StoreOptions) => async () => {
  const store = await opened(options)
  return { store: store.content, close: () => store.close() }
}

for (const requests of ['fast', 'sdk'] as const) {
  contentSuite(`an S3 bucket (${requests}), content put whole,`, content({ requests }))
  contentSuite(
    `an S3 bucket (${requests}), content put in parts,`,
    content({ requests, smallSize: 1024, partSize: 5 * 1024 * 1024 }),
  )
  anonymousSuite(`an S3 bucket (${requests})`, content({ requests }))

  namesSuite(`an S3 bucket (${requests})`, async () => {
    const prefix = randomUUID()
    const [one, other] = [await opened({ requests }, prefix), await opened({ requests }, prefix)]
    const close = async () => {
      await one.close()
      await other.close()
    }
    return { names: one.names, others: other.names, close }
  })

  ledgersSuite(`an S3 bucket (${requests})`, async () => {
    const prefix = randomUUID()
    const [one, other] = [await opened({ requests }, prefix), await opened({ requests }, prefix)]
    const close = async () => {
      await one.close()
      await other.close()
    }
    return { ledgers: one.ledgers, others: other.ledgers, close }
  })
}
