const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

const timeUnits: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 }

/** The bytes of a size such as `256MiB`, `1.5GiB` or `1000000`. Undefined for other texts. */
export function parseSize(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?(\w*)$/.exec(text) ?? []
  const factor = Object.hasOwn(sizeUnits, unit) ? sizeUnits[unit] : undefined
  if (number === '' || factor === undefined) return undefined
  const bytes = Math.round(Number(number) * factor)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The milliseconds of a duration such as `30s`, `1m30s` or `500ms`. Undefined for other texts. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (timeUnits[unit ?? ''] ?? 0), 0)
}

/** The address that a server listens on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, `[::1]:port`, `:port` (all interfaces) or `port` (loopback). Undefined for other texts. */
export function parseListen(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([0-9a-fA-F:]+)\]|([\w.-]*)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535) return undefined
  const given = bracketed ?? plain
  return { host: given === undefined ? '127.0.0.1' : given === '' ? '0.0.0.0' : given, port }
}

/** The address as `host:port` or `[::1]:port`. */
export function formatListen({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether the address is reachable from this machine only. */
export function isLoopback({ host }: Pick<ListenAddress, 'host'>): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
