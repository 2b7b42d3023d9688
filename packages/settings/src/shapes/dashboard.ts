import { hooksSchema } from '../hooks.js'
import { listenAddress, secretText, text } from '../values.js'
import { accessShape, publicUrl } from './access.js'
import { settingDocs } from './docs.js'
import { healthAddress, queueShape } from './shared.js'

/** The settings of the dashboard. */
export const dashboardShape = {
  ...queueShape,
  listen: listenAddress.prefault('127.0.0.1:8080').register(settingDocs, {
    description:
      'Address of the dashboard. An address other than loopback requires `users-file`, or `user` and `password`.',
    placeholder: '<host:port>',
  }),
  healthListen: healthAddress(9466),
  usersFile: text.optional().register(settingDocs, {
    description:
      'File with the [users](dashboard.md#users) who may sign in: `name:hash:role` on each line. It is read again when it changes. Without users, the page is read-only and needs no sign-in; changes by the [API](api.md) need a token.',
    placeholder: '<file>',
  }),
  user: text.optional().register(settingDocs, {
    description: 'Name of a user with the role `admin`, beside those of `users-file`.',
    placeholder: '<name>',
  }),
  password: secretText.optional().register(settingDocs, {
    description: 'Password of that user.',
    placeholder: '<password>',
    secret: true,
  }),
  publicUrl: publicUrl.optional().register(settingDocs, {
    description:
      'Address at which browsers reach the dashboard through a proxy, `https://host:port`. Changes come from pages of this address only, and with https the cookie of a session is never sent as plain text.',
    placeholder: '<url>',
    defaultText: 'what the requests say',
  }),
  trustedProxies: accessShape.trustedProxies,
  hooks: hooksSchema.optional().register(settingDocs, {
    description:
      'Notifications of registries by id, which start schedules: `kind`, `registry`, `secret-file`. See [pushes](api.md#pushes). Values may have variables. Paths are relative to the folder of the settings file.',
    placeholder: '',
    fileOnly: true,
  }),
} as const
