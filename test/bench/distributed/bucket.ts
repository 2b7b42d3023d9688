import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { type Gateway, startGateway } from '@dist/testkit/servers'
import { createS3Client } from '../../../packages/content-s3/src/client.js'

/** The bytes that the gateway may hold in memory: what was deleted stays until it is collected. */
const capacity = 4 * 2 ** 30

/** An S3 gateway for benchmarks, with a bucket that is emptied between runs. */
export interface Bucket extends AsyncDisposable {
  readonly gateway: Gateway
  /** What the programs need to sign in. */
  readonly env: Readonly<Record<string, string>>
  /** Deletes all blobs and names below a prefix and frees their memory. A store keeps its id, and its services. */
  empty(prefix: string): Promise<void>
  /** Throws where a blob is missing below the prefix, or has another size. */
  checkComplete(prefix: string, contents: ReadonlyMap<string, number>): Promise<void>
}

export async function startBucket(): Promise<Bucket> {
  // Read by the SDK when it makes its first client.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const gateway = await startGateway({ capacity })
  const { endpoint, accessKey, secretKey } = gateway
  const env = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey }
  // For stores that this process opens itself.
  Object.assign(process.env, env)
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const client = createS3Client({ endpoint, pathStyle: true, credentials })
  return {
    gateway,
    env,
    empty: async (prefix) => {
      await deleteAll(client, gateway.bucket, prefix)
      await gateway.collect()
    },
    checkComplete: (prefix, contents) => checkComplete(client, gateway.bucket, prefix, contents),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await gateway.stop()
    },
  }
}

async function deleteAll(client: S3Client, bucket: string, prefix: string): Promise<void> {
  for await (const page of pages(client, bucket, `${prefix}/`)) {
    const objects = page.map(({ key }) => ({ Key: key })).filter(({ Key }) => !Key.endsWith('/dist.json'))
    if (objects.length === 0) continue
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }))
  }
}

async function checkComplete(
  client: S3Client,
  bucket: string,
  prefix: string,
  contents: ReadonlyMap<string, number>,
): Promise<void> {
  const sizes = new Map<string, number>()
  for await (const page of pages(client, bucket, `${prefix}/blobs/sha256/`))
    for (const { key, size } of page) sizes.set(`sha256:${key.slice(key.lastIndexOf('/') + 1)}`, size)
  const wrong = [...contents].filter(([digest, size]) => sizes.get(digest) !== size)
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${contents.size} objects are missing, e.g. ${wrong[0]}`)
}

async function* pages(client: S3Client, bucket: string, prefix: string) {
  let token: string | undefined
  do {
    const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })
    const page = await client.send(list)
    yield (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({ key: Key, size: Size }))
    token = page.NextContinuationToken
  } while (token !== undefined)
}
