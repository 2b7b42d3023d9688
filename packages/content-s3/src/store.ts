import type { S3Client } from '@aws-sdk/client-s3'
import { type ContentStore, createStore, type Names } from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { Bucket } from './bucket/bucket.js'
import { createS3Client, type S3ClientSettings } from './client.js'
import { S3Driver } from './driver.js'
import { giveId, readId } from './id.js'
import { S3Names } from './names/names.js'
import { probe } from './probe.js'
import { PartMemory } from './upload/memory.js'
import { smallestPart } from './upload/sizes.js'
import type { Swept } from './upload/sweep.js'
import type { S3Location } from './url.js'

const mebibyte = 1024 * 1024

export interface S3StoreOptions {
  /** Made by `createS3Client` unless it is given. A client that is given stays open when the store closes. */
  client?: S3Client | undefined
  /** For the client that is made here, besides what the location says. */
  connection?: Omit<S3ClientSettings, keyof S3Location> | undefined
  /**
   * Whether a store is made where there is none. Default true. Without it nothing is written at opening: a store that
   * is not there reads as an empty one, and credentials that may only read are enough.
   */
  create?: boolean | undefined
  /** Bytes up to which content is gathered and put whole, its digest known or not. Default 8 MiB. */
  smallSize?: number | undefined
  /** Bytes of a part, at least 5 MiB; more where the size asks for it. Default 16 MiB. */
  partSize?: number | undefined
  /** Parts of one write that are sent at the same time. Default 4. */
  partsInFlight?: number | undefined
  /** Bytes of all parts of all writes, but that each write has one part. Default 128 MiB. */
  partMemory?: number | undefined
  /**
   * Whether the signature of a part covers its bytes, at the price of hashing them once more. For plain http over a
   * network that may change bytes; https needs it not. Small content is always covered. Default false.
   */
  signParts?: boolean | undefined
  /** Times that a call is made before its failure counts, with growing delays up to 5 s; at opening 3. Default 8. */
  attempts?: number | undefined
  /** Milliseconds until an answer begins, and between two chunks of a body. Default 30,000. */
  timeout?: number | undefined
  /**
   * Milliseconds in all that making an upload's parts one object may take, whether the server is silent meanwhile or
   * sends blanks. Default 600,000.
   */
  completeTimeout?: number | undefined
}

export interface S3Store extends AsyncDisposable {
  /** `s3://bucket/prefix`, without server and region. */
  readonly url: string
  /** Random, given once; undefined while nothing has created the store. */
  readonly id: string | undefined
  readonly content: ContentStore
  readonly names: Names
  /** The object of committed content; it need not be there. */
  urlOf(digest: Digest): string
  /**
   * Aborts uploads that got nothing for `olderThan` milliseconds, whoever began them. Writes of this process are
   * spared, whatever their age; for those of others `olderThan` has to be well above the longest stall. `onRemark` is
   * told, as a sentence, of a server whose uploads nobody can find.
   */
  sweep(olderThan: number, onRemark?: (remark: string) => void): Promise<Swept[]>
  /**
   * Writes an object, reads it back, compares and deletes it. Throws what is wrong by name: `UNAUTHENTICATED`
   * (credentials, clock), `PERMISSION_DENIED`, `NOT_FOUND` (bucket), `INVALID_ARGUMENT` (region), `UNAVAILABLE`.
   */
  probe(): Promise<void>
  /** Ends the client's connections, if the client was made here. Writers have to be closed before. */
  close(): Promise<void>
}

/**
 * Opens the store at a prefix of a bucket, which has to be there. Throws what is wrong by name, as `probe`; but a
 * store that is there is only read from.
 */
export async function openS3Store(location: S3Location, options: S3StoreOptions = {}): Promise<S3Store> {
  const client = options.client ?? createS3Client({ ...options.connection, ...location })
  const close = async () => {
    if (options.client === undefined) client.destroy()
  }
  const { attempts = 8, timeout = 30_000 } = options
  const bucket = new Bucket({ ...location, client, attempts, timeout })
  // Who has mistyped the endpoint shall not wait long for being told.
  const opening = new Bucket({ ...location, client, attempts: Math.min(3, attempts), timeout })
  try {
    await checkRegion(location, client)
    const id = (await readId(opening)) ?? (options.create === false ? undefined : await giveId(opening))
    return { ...storeOf(bucket, options), id, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A signature names a region. The SDK looks for it when the first request is made, and blames nobody then. */
async function checkRegion({ bucket, endpoint }: S3Location, { config }: S3Client): Promise<void> {
  if (endpoint !== undefined) return
  try {
    await config.region()
  } catch (cause) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `s3://${bucket}: no region is known for this bucket: add ?region=... to its URL or set AWS_REGION; a server other than Amazon's is named by ?endpoint=https://host:port`,
      { cause },
    )
  }
}

function storeOf(
  bucket: Bucket,
  options: S3StoreOptions,
): Omit<S3Store, 'id' | 'close' | keyof AsyncDisposable> {
  const driver = new S3Driver(bucket, {
    smallSize: options.smallSize ?? 8 * mebibyte,
    partSize: Math.max(smallestPart, options.partSize ?? 16 * mebibyte),
    partsInFlight: options.partsInFlight ?? 4,
    signParts: options.signParts ?? false,
    completeTimeout: options.completeTimeout ?? 600_000,
    memory: new PartMemory(options.partMemory ?? 128 * mebibyte),
  })
  return {
    url: bucket.root,
    content: createStore(driver),
    names: new S3Names(bucket),
    urlOf: (digest) => bucket.url(bucket.blob(digest)),
    sweep: (olderThan, onRemark) => driver.sweep(olderThan, onRemark),
    probe: () => probe(bucket),
  }
}
