import { randomUUID } from 'node:crypto'
import { openS3Store, parseS3Url, type S3StoreOptions } from '@dist/content-s3'
import { anonymousSuite, contentSuite, namesSuite } from '@dist/testkit'
import { afterAll, beforeAll } from 'vitest'
import { type Gateway, startGateway } from '../../infra/servers/ceph-gateway.js'

let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())

/** A store at a prefix of its own. */
async function opened(options: S3StoreOptions, prefix: string = randomUUID()) {
  const { accessKey, secretKey, bucket, endpoint } = gateway
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const location = parseS3Url(`s3://${bucket}/${prefix}?endpoint=${endpoint}`)
  return openS3Store(location, { ...options, connection: { credentials } })
}

const content = (options: S3StoreOptions) => async () => {
  const store = await opened(options)
  return { store: store.content, close: () => store.close() }
}

contentSuite('an S3 bucket, content put whole,', content({}))
contentSuite('an S3 bucket, content put in parts,', content({ smallSize: 1024, partSize: 5 * 1024 * 1024 }))
anonymousSuite('an S3 bucket', content({}))

namesSuite('an S3 bucket', async () => {
  const prefix = randomUUID()
  const [one, other] = [await opened({}, prefix), await opened({}, prefix)]
  const close = async () => {
    await one.close()
    await other.close()
  }
  return { names: one.names, others: other.names, close }
})
