import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a page of the dashboard makes a request, as its browser tells: by `Sec-Fetch-Site` where the connection is secure, else
 * by the origin of the page, which is that of `publicUrl`, or of the host that the request is for.
 */
export function isOwnPage(headers: IncomingHttpHeaders, publicUrl: string | undefined): boolean {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  if (origin === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  return publicUrl === undefined
    ? page.host === host?.toLowerCase()
    : page.origin === new URL(publicUrl).origin
}
