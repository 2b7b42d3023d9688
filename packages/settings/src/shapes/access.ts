import { flag } from '../registries/schema.js'
import { nets, perSecond, serverUrl, text } from '../values.js'
import { settingDocs } from './docs.js'

/** Without a slash at its end: paths are put behind it. */
export const publicUrl = serverUrl.transform((value) => value.replace(/\/$/, ''))

/** Who may read from the registry, and how clients reach it. */
export const accessShape = {
  anonymous: flag.prefault(false).register(settingDocs, {
    description: 'Every client that reaches the address may read, without signing in.',
    placeholder: '',
    isSwitch: true,
  }),
  htpasswd: text.optional().register(settingDocs, {
    description:
      'File with users and bcrypt hashes of their passwords (`htpasswd -B`). Users have to sign in. It is read again when it changes.',
    placeholder: '<file>',
  }),
  rights: text.optional().register(settingDocs, {
    description:
      'YAML, TOML or JSON file with the [repositories that each user may read](serving.md#sign-in). It is read again when it changes.',
    placeholder: '<file>',
    defaultText: 'every user may read everything',
  }),
  tokenKey: text.optional().register(settingDocs, {
    description:
      'PEM file with the private key (P-256) that signs tokens. All instances of a registry with sign-in need the same.',
    placeholder: '<file>',
    defaultText: 'a key that only this process has',
  }),
  publicUrl: publicUrl.optional().register(settingDocs, {
    description: 'Address at which clients reach the registry, `https://host:port`.',
    placeholder: '<url>',
    defaultText: 'what the requests say',
  }),
  tlsCert: text.optional().register(settingDocs, {
    description:
      'PEM file with the certificate of the registry, and those of its authorities. It is read again when it changes.',
    placeholder: '<file>',
    defaultText: 'plain http',
  }),
  tlsKey: text.optional().register(settingDocs, {
    description: 'PEM file with the private key of the certificate.',
    placeholder: '<file>',
  }),
  trustedProxies: nets.optional().register(settingDocs, {
    description:
      'Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, separated by commas.',
    placeholder: '<net>',
  }),
  clientRate: perSecond.optional().register(settingDocs, {
    description:
      'Maximum number of requests per second of one client; twice as many may come at once. More are answered with 429.',
    placeholder: '<n>',
    defaultText: 'no maximum',
  }),
} as const
