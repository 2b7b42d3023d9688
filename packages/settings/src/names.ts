import { type ServiceName, serviceShapes, settingDocs, sharedKeys } from './schema.js'

/** `requestsPerHost` as it stands in files and, behind two dashes, on command lines: `requests-per-host`. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The variable of a setting: `DIST_QUEUE` for all services, `DIST_WORKER_MEMORY` for one. */
export function variableOf(service: ServiceName, key: string): string {
  const words = kebab(key).replaceAll('-', '_').toUpperCase()
  return sharedKeys.has(key) ? `DIST_${words}` : `DIST_${service.toUpperCase()}_${words}`
}

/** Every variable that names a setting of a service, those that name files with secrets included. */
export function variablesOf(service: ServiceName): string[] {
  return Object.entries(serviceShapes[service]).flatMap(([key, setting]) => {
    const { otherEnv = [], ...doc } = settingDocs.get(setting) ?? { says: '', value: '' }
    const name = variableOf(service, key)
    return [name, ...(mayComeFromFile(doc) ? [`${name}_FILE`] : []), ...otherEnv]
  })
}

/** Whether a file may hold the value, named by the same variable or key with `file` at its end. */
export function mayComeFromFile(
  doc: { secret?: true | undefined; delicate?: true | undefined } | undefined,
): boolean {
  return doc?.secret === true || doc?.delicate === true
}
