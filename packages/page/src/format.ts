const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes: `4.2 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // Rounded, 1023.99 MiB would be 1024 MiB.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`
}

/** A number with groups of three digits. */
export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`
}

/** Milliseconds: `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  return `${Math.round(minutes / 60 / 24)} d`
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`
}

/** How far a time is from now: `in 3 min`, `2 h ago`, `now`. One unit, so that it does not change all the time. */
export function formatRelative(time: Date, now: number): string {
  const distance = time.getTime() - now
  const seconds = Math.round(Math.abs(distance) / 1000)
  if (seconds < 2) return 'now'
  const text = roughly(seconds)
  return distance > 0 ? `in ${text}` : `${text} ago`
}

function roughly(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`
}

/** A digest with the beginning of its hash: `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(':') + 13)
}

/** A message about something whose name stands beside it: without the name at its beginning. */
export function withoutName(message: string, name: string): string {
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message
}

/** A message about a blob whose digest and image stand beside it: without both at its beginning. */
export function withoutBlob(message: string): string {
  return message.replace(/^(?:blob )?[a-z0-9]+:[0-9a-f]{32,}(?: of \S+?)?: /, '')
}

/** The beginning of the id of a run. Commands and the API take it, too. */
export function shortRun(id: string): string {
  return id.slice(0, 10)
}

/** From 0 to 1. Nothing of nothing is 0. */
export function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole))
}

/** A whole percentage. It is 100 only when nothing is left. */
export function formatShare(share: number): string {
  return `${share >= 1 ? 100 : Math.min(99, Math.round(share * 100))} %`
}

/** A time in a sentence, and how far it is from now. */
export interface TimeInText {
  readonly at: string
  readonly distance: string
}

/** The parts of a sentence of `describeObstacle`, whose times are shown as distances: `paused for 5 s`. */
export function withTimes(sentence: string): (string | TimeInText)[] {
  const found = /^(.*?)(?:at |(until) |(since) )(\d{4}-[\d-]+T[\d:]+Z) \(([^)]+)\)(.*)$/s.exec(sentence)
  if (found === null) return [sentence]
  const [, before = '', until, since, at = '', distance = '', after = ''] = found
  const span = until === undefined ? distance : distance.replace(/^in /, '')
  const word = until === undefined ? (since === undefined ? '' : 'since ') : 'for '
  return [`${before}${word}`, { at, distance: span }, ...withTimes(after)]
}
