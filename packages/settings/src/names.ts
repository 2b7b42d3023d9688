import { type ServiceName, type SettingDoc, sharedKeys } from './schema.js'

/** The key of a setting as files and flags write it: `requests-per-host` for `requestsPerHost`. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The variable of a setting: `DIST_QUEUE` for a shared one, `DIST_WORKER_MEMORY` for a setting of one service. */
export function variableOf(service: ServiceName, key: string): string {
  const words = kebab(key).replaceAll('-', '_').toUpperCase()
  return sharedKeys.has(key) ? `DIST_${words}` : `DIST_${service.toUpperCase()}_${words}`
}

/** Whether the value may stand in a separate file, which `..._FILE` or `...-file` names. */
export function readsFile({ secret, sensitive }: SettingDoc): boolean {
  return secret === true || sensitive === true
}
