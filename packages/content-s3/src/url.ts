import { DistError, sanitize } from '@dist/errdefs'

/** Where a store is: a bucket, a prefix in it, and the server that has it. */
export interface S3Location {
  readonly bucket: string
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string
  /** `http(s)://host[:port][/path]`; undefined for Amazon's own. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Whether the bucket stands in the path, not in the host name. */
  readonly pathStyle: boolean
}

const parameters = ['endpoint', 'region', 'path-style']
// Amazon S3 user guide, "Bucket naming rules".
const bucketGrammar = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/
// The same, "Classic global endpoint" of old: what Amazon has no more, and servers of other makers still have.
const looseBucketGrammar = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){1,253}[A-Za-z0-9]$/
// Of the characters that are safe in keys, those that are safe in URLs and file names too.
const segmentGrammar = /^[A-Za-z0-9._=-]+$/
const longestPrefix = 256

/**
 * Reads `s3://bucket/prefix?endpoint=https://host:port/path&region=...&path-style=true`. `path-style` is true by default
 * where there is an endpoint, else false. With it a bucket's name may have capitals and `_`, which host names have not.
 * Throws `INVALID_ARGUMENT`; credentials in the URL are refused, and never repeated in a message.
 */
export function parseS3Url(text: string): S3Location {
  const url = parse(text)
  if (url.protocol !== 's3:') throw invalid(`${redactedUrl(url)} is not of the form s3://bucket/prefix`)
  if (url.username !== '' || url.password !== '')
    throw invalid(
      `${redactedUrl(url)}: credentials do not belong in the URL; use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    )
  if (url.hash !== '' || url.port !== '')
    throw invalid(`${redactedUrl(url)}: takes no port and no fragment; a server goes into ?endpoint=`)
  const prefix = checkedPrefix(url)
  checkParameters(url)
  const endpoint = checkedEndpoint(url)
  const region = checkedRegion(url)
  const pathStyle = checkedStyle(url) ?? endpoint !== undefined
  const bucket = checkedBucket(url, pathStyle)
  return {
    bucket,
    prefix,
    endpoint,
    region,
    pathStyle,
  }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch {
    // Not repeated: what cannot be parsed cannot be rid of a password.
    throw invalid('the store is not a URL of the form s3://bucket/prefix')
  }
}

function checkedBucket(url: URL, pathStyle: boolean): string {
  if (bucketGrammar.test(url.host)) return url.host
  if (!looseBucketGrammar.test(url.host))
    throw invalid(`${redactedUrl(url)}: a bucket has 3 to 63 of a-z, 0-9, "-" and "."`)
  if (pathStyle) return url.host
  throw invalid(
    `${redactedUrl(url)}: a bucket whose name has capitals or "_", or is long, needs path-style=true, and a server that has it`,
  )
}

function checkedPrefix(url: URL): string {
  const prefix = url.pathname.replace(/^\/|\/$/g, '')
  if (prefix === '') return prefix
  const isSafe = prefix.split('/').every((segment) => segmentGrammar.test(segment) && !/^\.+$/.test(segment))
  if (!isSafe || prefix.length > longestPrefix)
    throw invalid(
      `${redactedUrl(url)}: a prefix has at most ${longestPrefix} of A-Z a-z 0-9 . _ = - between "/"`,
    )
  return prefix
}

function checkParameters(url: URL): void {
  const seen = new Set<string>()
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name))
      throw invalid(`${redactedUrl(url)}: unknown parameter ${sanitize(name, 40)} (${parameters.join(', ')})`)
    if (seen.has(name)) throw invalid(`${redactedUrl(url)}: ${name} is given twice`)
    seen.add(name)
  }
}

function checkedEndpoint(url: URL): string | undefined {
  const text = url.searchParams.get('endpoint')
  if (text === null) return undefined
  const endpoint = URL.canParse(text) ? new URL(text) : undefined
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol))
    throw invalid(`${redactedUrl(url)}: the endpoint is not of the form https://host:port`)
  if (endpoint.username !== '' || endpoint.password !== '')
    throw invalid(`${redactedUrl(url)}: credentials do not belong in the endpoint`)
  if (endpoint.search !== '' || endpoint.hash !== '')
    throw invalid(
      `${redactedUrl(url)}: the endpoint ${endpoint.host} has more than a host, a port and a path`,
    )
  return `${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}`
}

function checkedRegion(url: URL): string | undefined {
  const region = url.searchParams.get('region') ?? undefined
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region))
    throw invalid(`${redactedUrl(url)}: ${sanitize(region, 40)} is not a region`)
  return region
}

function checkedStyle(url: URL): boolean | undefined {
  const style = url.searchParams.get('path-style')
  if (style === null) return undefined
  if (style !== 'true' && style !== 'false') throw invalid(`${redactedUrl(url)}: path-style is true or false`)
  return style === 'true'
}

function redactedUrl(url: URL): string {
  return `store ${sanitize(`${url.protocol}//${url.host}${url.pathname}`)}`
}

function invalid(message: string): DistError {
  return new DistError('INVALID_ARGUMENT', message)
}
