import { resolve } from 'node:path'
import { DistError } from '@dist/errdefs'
import { parsePrefix } from '@dist/reference'
import * as z from 'zod'
import { amount, count, duration, perSecond, secretText, size } from '../values.js'

/** Settings of a registry. */
export interface RegistrySettings {
  /** Sent to this registry only. It comes with a password or the file of one. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Read when the password is needed. */
  readonly passwordFile?: string | undefined
  /** PEM file with authorities that are trusted in addition to the well-known ones. */
  readonly caFile?: string | undefined
  readonly plainHttp?: boolean | undefined
  /** Whether any certificate is accepted. */
  readonly insecureSkipTlsVerify?: boolean | undefined
  /** Hosts that are asked for content before the registry, in this order. Each has its own settings. */
  readonly mirrors?: readonly string[] | undefined
  /** Concurrent requests to it. */
  readonly requests?: number | undefined
  readonly requestsPerSecond?: number | undefined
  /** Bytes of content per second. */
  readonly bytesPerSecond?: number | undefined
  /** Pulls of its quota that are left for others. */
  readonly reservePulls?: number | undefined
  /** Milliseconds to wait for it when it has answered and stops answering. */
  readonly patience?: number | undefined
}

/** Settings of registries by their hosts, as references have them: `docker.io`, `10.0.0.7:5000`. */
export type Registries = Readonly<Record<string, RegistrySettings>>

/** A map with exactly these keys. A mistake in a key names those that are allowed. */
export function section<const Shape extends z.ZodRawShape>(shape: Shape) {
  const allowed = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `unknown key ${keys?.join(', ')}: allowed are ${allowed}`
        : 'a map is expected',
  })
}

/** True or false. As a text too: a variable may stand for it. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], 'true or false is expected')
  .transform((value) => value === true || value === 'true')

const host = secretText.check((context) => {
  try {
    hostOf(context.value)
  } catch (error) {
    if (!(error instanceof DistError)) throw error
    context.issues.push({ code: 'custom', message: error.message, input: context.value })
  }
})

/** The host as in references: Docker Hub has several names. */
function hostOf(value: string): string {
  if (value.includes('/'))
    throw new DistError('INVALID_ARGUMENT', 'a host is expected, such as registry.example.com:5000')
  return parsePrefix(value).host
}

const settings = section({
  username: secretText.optional().describe('User name at the registry.'),
  password: secretText.optional().describe('Password or token. `password-file` keeps it out of this file.'),
  'password-file': secretText.optional().describe('File with the password.'),
  'ca-file': secretText.optional().describe('PEM file with additional certificate authorities.'),
  'plain-http': flag
    .optional()
    .describe('Whether the registry is requested with plain http. Default: false.'),
  'insecure-skip-tls-verify': flag
    .optional()
    .describe('Whether any certificate of the registry is accepted. Default: false.'),
  mirrors: z
    .array(host, 'a list is expected')
    .min(1, 'must not be empty')
    .optional()
    .describe('Hosts that are asked before the registry, in this order.'),
  requests: count(1024)
    .optional()
    .describe('Maximum number of concurrent requests to this host. Default: `requests-per-host`.'),
  'requests-per-second': perSecond
    .optional()
    .describe('Maximum number of requests per second to this host, such as 50 or 0.5. Default: no maximum.'),
  'bytes-per-second': size(64 * 1024, '64KiB')
    .optional()
    .describe(
      'Maximum number of bytes of content per second from this host, such as 20MiB. Default: no maximum.',
    ),
  'reserve-pulls': amount(1_000_000)
    .optional()
    .describe('Pulls of the quota of this host (Docker Hub) that are left for others. Default: 0.'),
  patience: duration
    .optional()
    .describe(
      'Maximum time to wait for this host when it has answered and stops answering. Default: `host-patience`.',
    ),
})
  .refine(({ password, 'password-file': file }) => password === undefined || file === undefined, {
    message: 'password and password-file exclude each other',
    path: ['password-file'],
  })
  .refine(
    ({ username, password, 'password-file': file }) =>
      username !== undefined || (password === undefined && file === undefined),
    { message: 'a password needs a username: add username', path: [] },
  )
  .refine(
    ({ username, password, 'password-file': file }) =>
      username === undefined || password !== undefined || file !== undefined,
    { message: 'a username needs a password: add password-file', path: ['username'] },
  )
  .refine(
    ({ 'plain-http': clear, 'ca-file': ca, 'insecure-skip-tls-verify': unverified }) =>
      clear !== true || (ca === undefined && unverified !== true),
    {
      message: 'conflicts with ca-file and insecure-skip-tls-verify: plain http has no certificate',
      path: ['plain-http'],
    },
  )

/** The schema of `registries` in files. */
export const registriesSchema = z
  .record(host, settings, 'a map from hosts to their settings is expected')
  .transform((value): Registries => Object.fromEntries(Object.entries(value).map(namedSettings)))

function namedSettings([host, given]: [string, z.output<typeof settings>]): [string, RegistrySettings] {
  const { username, password, mirrors, requests, patience } = given
  return [
    hostOf(host),
    {
      username,
      password,
      passwordFile: given['password-file'],
      caFile: given['ca-file'],
      plainHttp: given['plain-http'],
      insecureSkipTlsVerify: given['insecure-skip-tls-verify'],
      mirrors: mirrors?.map(hostOf),
      requests,
      requestsPerSecond: given['requests-per-second'],
      bytesPerSecond: given['bytes-per-second'],
      reservePulls: given['reserve-pulls'],
      patience,
    },
  ]
}

/** The same settings with absolute paths: those of a file are relative to its folder. */
export function absolutePaths(registries: Registries, folder: string): Registries {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path))
  return Object.fromEntries(
    Object.entries(registries).map(([host, { passwordFile, caFile, ...others }]) => [
      host,
      { ...others, passwordFile: absolute(passwordFile), caFile: absolute(caFile) },
    ]),
  )
}
