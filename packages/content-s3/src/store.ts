import type { S3Client } from '@aws-sdk/client-s3'
import {
  Collection,
  type ContentStore,
  createLedgers,
  createStore,
  Lease,
  type LeaseSettings,
  type Ledgers,
  leasedContent,
  leasedNames,
  type Names,
  recentMs,
  type Swept,
  Withheld,
} from '@dist/content'
import { DistError } from '@dist/errdefs'
import type { Digest } from '@dist/oci'
import { Bucket } from './bucket/bucket.js'
import { createS3Client, type S3ClientSettings } from './client.js'
import { S3Driver } from './driver.js'
import { createId, readId } from './id.js'
import { s3LedgerFiles } from './ledger-files.js'
import { defaultPartSize, defaultSmallSize } from './memory.js'
import { S3Names } from './names/names.js'
import { S3Notes } from './notes.js'
import { Presigner } from './presign.js'
import { probe } from './probe.js'
import { PartMemory } from './upload/memory.js'
import { minPartSize } from './upload/sizes.js'
import type { S3Location } from './url.js'

const mebibyte = 1024 * 1024

export interface S3StoreOptions {
  /** Default: one of `createS3Client`, which closes with the store. A given client stays open. */
  client?: S3Client | undefined
  /** Settings of the default client, in addition to the location. */
  connection?: Omit<S3ClientSettings, keyof S3Location> | undefined
  /**
   * How GET, HEAD, PUT of a whole object and LIST are sent: `sdk` with all steps of the SDK, `fast` with the few that they
   * need (`FastRequests`). Default `fast`.
   */
  requests?: 'fast' | 'sdk' | undefined
  /**
   * Whether to create a missing store. Default true. With false, opening writes nothing: a missing store reads as an
   * empty one, and read-only credentials are enough.
   */
  create?: boolean | undefined
  /** Content up to this size is buffered and put as one object, with or without expected digest. Default 8 MiB. */
  smallSize?: number | undefined
  /** Bytes of a part, at least 5 MiB; more where the size requires it. Default 16 MiB. */
  partSize?: number | undefined
  /** Parts of one write in flight. Default 4. */
  partsInFlight?: number | undefined
  /** Bytes for the parts of all writes together; each write has at least one part. Default 128 MiB. */
  partMemory?: number | undefined
  /**
   * Whether the signature of a part covers its bytes, which hashes them once more. For plain http in a network that may
   * corrupt bytes; not needed with https. Small content is always covered. Default false.
   */
  signParts?: boolean | undefined
  /** Milliseconds for which answers about objects are remembered. Shorter for tests only. Default `recentMs`. */
  remembered?: number | undefined
  /** How processes find each other. Default: the process is not known. */
  leases?: LeaseSettings | undefined
  /** The endpoint of presigned URLs, for clients that reach the server by another name. Default: that of the location. */
  presignEndpoint?: string | undefined
  /** Attempts of a call, with growing delays of up to 5 s; at most 3 at opening. Default 8. */
  attempts?: number | undefined
  /** Milliseconds until an answer begins, and between two chunks of a body. Default 30,000. */
  timeout?: number | undefined
  /**
   * Milliseconds to complete a multipart upload, whether the server is silent meanwhile or sends white space. Default
   * 600,000.
   */
  completeTimeout?: number | undefined
}

export interface S3Store extends AsyncDisposable {
  /** `s3://bucket/prefix`, without server and region. */
  readonly url: string
  /** Random, set when the store is created; undefined if there is no store. */
  readonly id: string | undefined
  readonly content: ContentStore
  readonly names: Names
  readonly ledgers: Ledgers
  /** The URL of committed content. The object need not exist. */
  urlOf(digest: Digest): string
  /** A URL that allows a GET of committed content, as `Presigner.presign`. The object need not exist. */
  presign(digest: Digest): Promise<string>
  /**
   * Aborts uploads of all processes without new parts for `olderThan` milliseconds, which must be well above the longest
   * stall. Keeps writes of this process, whatever their age. Calls `onRemark` with a sentence if the server does not list
   * uploads.
   */
  sweep(olderThan: number, onRemark?: (remark: string) => void): Promise<Swept[]>
  /**
   * Writes an object, reads it back, compares and deletes it. Throws `UNAUTHENTICATED` (credentials, clock),
   * `PERMISSION_DENIED`, `NOT_FOUND` (bucket), `INVALID_ARGUMENT` (region) or `UNAVAILABLE`, naming the cause.
   */
  probe(): Promise<void>
  /** As in `Store`. */
  readonly withheld: Withheld
  /** As in `Store`. */
  setAside(digest: Digest): Promise<string>
  /** As in `Store`. */
  collect(): Promise<Collection>
  /** Closes the connections of the default client. All writers must be closed before. */
  close(): Promise<void>
}

/** Opens the store at a prefix of an existing bucket. Throws as `probe`. Writes nothing to an existing store. */
export async function openS3Store(location: S3Location, options: S3StoreOptions = {}): Promise<S3Store> {
  const client = options.client ?? createS3Client({ ...options.connection, ...location })
  const { attempts = 8, timeout = 30_000, requests = 'fast' } = options
  const settings = { ...location, client, requests, timeout }
  const bucket = new Bucket({ ...settings, attempts })
  const { lease, ...store } = storeOf(bucket, options)
  const presigning = presigningClient(location, options, client)
  const presigner = new Presigner(presigning, location.bucket)
  const close = async () => {
    await lease.end()
    if (presigning !== client) presigning.destroy()
    if (options.client === undefined) client.destroy()
  }
  // Fewer attempts, so that a mistyped endpoint fails soon.
  const opening = new Bucket({ ...settings, attempts: Math.min(3, attempts) })
  try {
    await checkRegion(location, client)
    const id = (await readId(opening)) ?? (options.create === false ? undefined : await createId(opening))
    const presign = (digest: Digest) => presigner.presign(bucket.blob(digest))
    return { ...store, id, presign, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function presigningClient(location: S3Location, options: S3StoreOptions, client: S3Client): S3Client {
  const { presignEndpoint: endpoint, connection } = options
  return endpoint === undefined ? client : createS3Client({ ...connection, ...location, endpoint })
}

/** A signature contains a region. The SDK resolves it with the first request, and its error is not specific then. */
async function checkRegion({ bucket, endpoint }: S3Location, { config }: S3Client): Promise<void> {
  if (endpoint !== undefined) return
  try {
    await config.region()
  } catch (cause) {
    throw new DistError(
      'INVALID_ARGUMENT',
      `s3://${bucket}: no region is known for this bucket; add ?region=... to its URL or set AWS_REGION; for a server other than Amazon S3 add ?endpoint=https://host:port`,
      { cause },
    )
  }
}

function storeOf(
  bucket: Bucket,
  options: S3StoreOptions,
): Omit<S3Store, 'id' | 'close' | 'presign' | keyof AsyncDisposable> & { readonly lease: Lease } {
  const { remembered = recentMs } = options
  const drafts = {
    smallSize: options.smallSize ?? defaultSmallSize,
    partSize: Math.max(minPartSize, options.partSize ?? defaultPartSize),
    partsInFlight: options.partsInFlight ?? 4,
    signParts: options.signParts ?? false,
    completeTimeout: options.completeTimeout ?? 600_000,
    memory: new PartMemory(options.partMemory ?? 128 * mebibyte),
  }
  const driver = new S3Driver(bucket, drafts, remembered)
  const notes = new S3Notes(bucket)
  const leases = { memory: remembered + spareMs, ...options.leases }
  const lease = new Lease(notes, leases)
  return {
    lease,
    url: bucket.root,
    content: leasedContent(createStore(driver), lease),
    names: leasedNames(new S3Names(bucket, remembered), lease),
    ledgers: createLedgers(s3LedgerFiles(bucket)),
    urlOf: (digest) => bucket.url(bucket.blob(digest)),
    sweep: (olderThan, onRemark) => driver.sweep(olderThan, onRemark),
    withheld: new Withheld(notes),
    setAside: (digest) => driver.setAside(digest),
    collect: () => Collection.begin(notes, leases),
    probe: () => probe(bucket),
  }
}

/** Milliseconds between an answer and the moment from which it is remembered. */
const spareMs = 2_000
