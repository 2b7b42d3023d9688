/** A content security policy that allows only content of this server. `styles`: which styles are allowed, and further rules. */
export function contentPolicy(...styles: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    ...styles,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
