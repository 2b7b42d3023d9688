/** The log of a service, as far as access uses it. */
export interface AccessLog {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}
