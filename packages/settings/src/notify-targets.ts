import { resolve } from 'node:path'
import { parseNet } from '@dist/remotes'
import * as z from 'zod'
import { section } from './registries/schema.js'
import { secretText } from './values.js'

/** A webhook that is told of runs. */
export interface NotifyTargetSettings {
  readonly url: string
  /** The file with the secret of the signature. */
  readonly secretFile: string
  /** Networks that are allowed beside public addresses. */
  readonly addresses?: readonly string[] | undefined
  /** PEM file with authorities that are trusted in addition to the well-known ones. */
  readonly caFile?: string | undefined
}

/** Webhooks by name. */
export type NotifyTargets = Readonly<Record<string, NotifyTargetSettings>>

/** The name of a target. */
export const notifyTargetName = z
  .string('a text is expected')
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'the name of a target has letters, digits, ".", "_" and "-"')

const url = secretText.refine((value) => {
  if (!URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}, 'http:// or https:// is expected, without a user')

const net = secretText.refine(
  (value) => parseNet(value) !== undefined,
  'addresses or networks such as 10.0.0.0/8 are expected',
)

const target = section({
  url: url.describe('The URL that gets the notices, by POST.'),
  'secret-file': secretText.describe('File with the secret that signs them.'),
  addresses: z
    .array(net, 'a list is expected')
    .optional()
    .describe('Networks that are allowed beside public addresses. Metadata addresses never are.'),
  'ca-file': secretText.optional().describe('PEM file with additional certificate authorities.'),
})

/** The schema of `notify-targets` in files. */
export const notifyTargetsSchema = z
  .record(notifyTargetName, target, 'a map from names to targets is expected')
  .transform(
    (value): NotifyTargets =>
      Object.fromEntries(
        Object.entries(value).map(
          ([name, { url, addresses, 'secret-file': secretFile, 'ca-file': caFile }]) => [
            name,
            { url, secretFile, addresses, caFile },
          ],
        ),
      ),
  )

/** The same targets with absolute paths: those of a file are relative to its folder. */
export function absoluteTargets(targets: NotifyTargets, folder: string): NotifyTargets {
  return Object.fromEntries(
    Object.entries(targets).map(([name, { secretFile, caFile, ...others }]) => [
      name,
      {
        ...others,
        secretFile: resolve(folder, secretFile),
        caFile: caFile === undefined ? undefined : resolve(folder, caFile),
      },
    ]),
  )
}
