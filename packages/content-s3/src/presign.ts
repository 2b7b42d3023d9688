import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { DistError } from '@dist/errdefs'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import type { EndpointV2, HttpRequest, RequestPresigner } from '@smithy/types'
import { plainScheme } from './bucket/fast-requests.js'

/** Seconds for which a URL is good: a client may wait before it follows a redirect. */
const validity = 1_200
/** Milliseconds for which a URL is given out again. */
const reuseMs = 60_000
/** The most URLs that are kept. */
const maxKept = 10_000

interface Presigned {
  readonly url: string
  readonly at: number
}

/** URLs that allow each holder to get one object of a bucket. They are signed here: the server is not asked. */
export class Presigner {
  #endpoint: Promise<EndpointV2> | undefined
  #signer: Promise<RequestPresigner> | undefined
  /** By key, the oldest first. */
  readonly #kept = new Map<string, Presigned>()

  /** The client has the endpoint of the URLs. It sends nothing. */
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  /**
   * A URL for a GET of the object, good for at least 19 minutes unless the credentials end before. Throws `NOT_IMPLEMENTED` for a
   * bucket whose requests are not signed with version 4, and what the credentials of the SDK throw as `UNAUTHENTICATED`.
   */
  async presign(key: string): Promise<string> {
    const now = performance.now()
    const kept = this.#kept.get(key)
    if (kept !== undefined && now - kept.at < reuseMs) return kept.url
    const url = await this.#sign(key)
    this.#kept.delete(key)
    this.#kept.set(key, { url, at: now })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest)
    return url
  }

  async #sign(key: string): Promise<string> {
    this.#endpoint ??= this.#resolve()
    const endpoint = await this.#endpoint
    const scheme = plainScheme(endpoint)
    if (scheme === undefined)
      throw new DistError(
        'NOT_IMPLEMENTED',
        `s3://${this.bucket}: presigned URLs are not possible for this bucket`,
      )
    this.#signer ??= this.client.config.signer(scheme) as Promise<unknown> as Promise<RequestPresigner>
    const signingDate = new Date(Date.now() + this.client.config.systemClockOffset)
    const { signingRegion, signingName } = scheme
    try {
      const signed = await (await this.#signer).presign(requestOf(endpoint, key), {
        expiresIn: validity,
        signingDate,
        ...(signingRegion === undefined ? {} : { signingRegion }),
        ...(signingName === undefined ? {} : { signingService: signingName }),
      })
      return urlOf(signed)
    } catch (cause) {
      const message = `s3://${this.bucket}: no presigned URL: the credentials cannot be used`
      throw new DistError('UNAUTHENTICATED', message, { cause })
    }
  }

  /** A failure is not kept. */
  async #resolve(): Promise<EndpointV2> {
    try {
      const { config } = this.client
      return await getEndpointFromInstructions({ Bucket: this.bucket }, HeadObjectCommand, { ...config })
    } catch (error) {
      this.#endpoint = undefined
      throw error
    }
  }
}

function requestOf({ url }: EndpointV2, key: string): HttpRequest {
  const path = key.split('/').map(encodeURIComponent).join('/')
  return {
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: `${url.pathname.replace(/\/$/, '')}/${path}`,
    query: {},
    headers: { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  }
}

function urlOf({ protocol, headers, path, query = {} }: HttpRequest): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value))
  return `${protocol}//${headers.host}${path}?${parameters}`
}
