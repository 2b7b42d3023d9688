import { readsFile, variableOf } from '../../src/names.js'
import { docOf, type ServiceName, serviceShapes } from '../../src/schema.js'

/** Every variable that a service reads its settings from, including those that name files with secrets. */
export function variablesOf(service: ServiceName): string[] {
  return Object.entries(serviceShapes[service]).flatMap(([key, setting]) => {
    const doc = docOf(setting)
    const name = variableOf(service, key)
    return [name, ...(readsFile(doc) ? [`${name}_FILE`] : []), ...(doc.otherVariables ?? [])]
  })
}
