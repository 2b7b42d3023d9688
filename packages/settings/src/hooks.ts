import { resolve } from 'node:path'
import * as z from 'zod'
import { section } from './registries/schema.js'
import { secretText, text } from './values.js'

/** What sends notifications, by the form of its payloads. */
export const hookKinds = ['distribution', 'docker-hub', 'harbor', 'quay', 'plain'] as const

export type HookKind = (typeof hookKinds)[number]

/** Notifications of a registry that are received. */
export interface HookSettings {
  readonly kind: HookKind
  /** The registry whose repositories they name, as references have it. */
  readonly registry: string
  /** The file with the secret of the sender. */
  readonly secretFile: string
}

/** Hooks by their ids. */
export type Hooks = Readonly<Record<string, HookSettings>>

const hookId = z
  .string('a text is expected')
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'the id of a hook has letters, digits, ".", "_" and "-"')

const hook = section({
  kind: z
    .enum(hookKinds, `one of ${hookKinds.join(', ')} is expected`)
    .describe('The form of the payloads: what sends them.'),
  registry: text
    .optional()
    .describe(
      'The registry whose repositories they name. Default: docker.io for docker-hub, quay.io for quay.',
    ),
  'secret-file': secretText.describe('File with the secret that the sender proves to know.'),
})

const known: Partial<Record<HookKind, string>> = { 'docker-hub': 'docker.io', quay: 'quay.io' }

/** The schema of `hooks` in files. */
export const hooksSchema = z
  .record(hookId, hook, 'a map from ids to hooks is expected')
  .transform((value, context): Hooks => {
    const hooks: Record<string, HookSettings> = {}
    for (const [id, { kind, registry = known[kind], 'secret-file': secretFile }] of Object.entries(value)) {
      if (registry === undefined)
        context.addIssue({ code: 'custom', path: [id], message: `${kind} needs the key registry` })
      else hooks[id] = { kind, registry, secretFile }
    }
    return hooks
  })

/** The same hooks with absolute paths: those of a file are relative to its folder. */
export function absoluteHooks(hooks: Hooks, folder: string): Hooks {
  return Object.fromEntries(
    Object.entries(hooks).map(([id, hook]) => [
      id,
      { ...hook, secretFile: resolve(folder, hook.secretFile) },
    ]),
  )
}
