import { DistError, sanitize } from '@dist/errdefs'

/** The location of a store: a bucket, a prefix in it, and the server. */
export interface S3Location {
  readonly bucket: string
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string
  /** `http(s)://host[:port][/path]`; undefined for Amazon S3. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Whether URLs have the bucket in the path, instead of the host name. */
  readonly pathStyle: boolean
}

const parameters = ['endpoint', 'region', 'path-style']
// Amazon S3 user guide, "Bucket naming rules".
const bucketGrammar = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/
// The same, old "Classic global endpoint" names, which other servers still allow.
const looseBucketGrammar = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){1,253}[A-Za-z0-9]$/
// Characters that are safe in keys, URLs and file names.
const segmentGrammar = /^[A-Za-z0-9._=-]+$/
const maxPrefixLength = 256

/**
 * Parses `s3://bucket/prefix?endpoint=https://host:port/path&region=...&path-style=true`. The default of `path-style` is
 * true with an endpoint, else false. With it the bucket may have capitals and `_`, which host names do not allow. Throws
 * `INVALID_ARGUMENT`. Credentials in the URL are refused, and never repeated in a message.
 */
export function parseS3Url(text: string): S3Location {
  const url = parse(text)
  if (url.protocol !== 's3:') throw invalid(`${redactedUrl(url)}: not of the form s3://bucket/prefix`)
  if (url.username !== '' || url.password !== '')
    throw invalid(
      `${redactedUrl(url)}: credentials in the URL are refused; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    )
  if (url.hash !== '' || url.port !== '')
    throw invalid(`${redactedUrl(url)}: a port or a fragment is not allowed; name a server with ?endpoint=`)
  const prefix = parsePrefix(url)
  checkParameters(url)
  const endpoint = parseEndpoint(url)
  const region = parseRegion(url)
  const pathStyle = parsePathStyle(url) ?? endpoint !== undefined
  const bucket = parseBucket(url, pathStyle)
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
    // The text is not repeated: a password in it cannot be found without parsing it.
    throw invalid('store: not a URL of the form s3://bucket/prefix')
  }
}

function parseBucket(url: URL, pathStyle: boolean): string {
  if (bucketGrammar.test(url.host)) return url.host
  if (!looseBucketGrammar.test(url.host))
    throw invalid(`${redactedUrl(url)}: invalid bucket; expected 3 to 63 of a-z, 0-9, "-" and "."`)
  if (pathStyle) return url.host
  throw invalid(
    `${redactedUrl(url)}: a bucket with capitals or "_", or a long one, needs path-style=true, on a server that allows such names`,
  )
}

function parsePrefix(url: URL): string {
  const prefix = url.pathname.replace(/^\/|\/$/g, '')
  if (prefix === '') return prefix
  const isSafe = prefix.split('/').every((segment) => segmentGrammar.test(segment) && !/^\.+$/.test(segment))
  if (!isSafe || prefix.length > maxPrefixLength)
    throw invalid(
      `${redactedUrl(url)}: invalid prefix; expected at most ${maxPrefixLength} of A-Z a-z 0-9 . _ = - between "/"`,
    )
  return prefix
}

function checkParameters(url: URL): void {
  const seen = new Set<string>()
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name))
      throw invalid(
        `${redactedUrl(url)}: unknown parameter ${sanitize(name, 40)}; expected ${parameters.join(', ')}`,
      )
    if (seen.has(name)) throw invalid(`${redactedUrl(url)}: ${name} is given twice`)
    seen.add(name)
  }
}

function parseEndpoint(url: URL): string | undefined {
  const text = url.searchParams.get('endpoint')
  if (text === null) return undefined
  const endpoint = URL.canParse(text) ? new URL(text) : undefined
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol))
    throw invalid(`${redactedUrl(url)}: invalid endpoint; expected https://host:port`)
  if (endpoint.username !== '' || endpoint.password !== '')
    throw invalid(`${redactedUrl(url)}: credentials in the endpoint are refused`)
  if (endpoint.search !== '' || endpoint.hash !== '')
    throw invalid(
      `${redactedUrl(url)}: invalid endpoint ${endpoint.host}; expected only a host, a port and a path`,
    )
  return `${endpoint.origin}${endpoint.pathname.replace(/\/+$/, '')}`
}

function parseRegion(url: URL): string | undefined {
  const region = url.searchParams.get('region') ?? undefined
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region))
    throw invalid(`${redactedUrl(url)}: invalid region ${sanitize(region, 40)}`)
  return region
}

function parsePathStyle(url: URL): boolean | undefined {
  const style = url.searchParams.get('path-style')
  if (style === null) return undefined
  if (style !== 'true' && style !== 'false')
    throw invalid(`${redactedUrl(url)}: invalid path-style; expected true or false`)
  return style === 'true'
}

function redactedUrl(url: URL): string {
  return `store ${sanitize(`${url.protocol}//${url.host}${url.pathname}`)}`
}

function invalid(message: string): DistError {
  return new DistError('INVALID_ARGUMENT', message)
}
