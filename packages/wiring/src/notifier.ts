import { createWebhooks } from '@dist/registry-client'
import { Notifier } from '@dist/runs'
import type { NotifyTargets } from '@dist/settings'
import { type Environment, proxyVariables, readSecret } from '@dist/settings/command'

/** A notifier with its connections. */
export interface OpenedNotifier extends AsyncDisposable {
  readonly notifier: Notifier
}

/** Opens the targets of the settings. Throws `INVALID_ARGUMENT` for a file of a secret that cannot be read. */
export async function openNotifier(targets: NotifyTargets, env: Environment): Promise<OpenedNotifier> {
  for (const [name, { secretFile }] of Object.entries(targets)) await secretOf(name, secretFile)
  const webhooks = createWebhooks({ proxy: proxyVariables(env) })
  const names = new Map(Object.entries(targets).map(([name, target]) => [target.secretFile, name]))
  const notifier = new Notifier({
    targets,
    post: (target, request) => webhooks.post(target, request),
    readSecret: ({ secretFile }) => secretOf(names.get(secretFile) ?? '', secretFile),
  })
  return { notifier, [Symbol.asyncDispose]: () => webhooks[Symbol.asyncDispose]() }
}

function secretOf(target: string, file: string): Promise<string> {
  return readSecret(file, `notify-targets.${target}.secret-file`)
}
