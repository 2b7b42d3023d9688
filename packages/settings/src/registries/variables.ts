import { DistError } from '@dist/errdefs'
import type { Environment } from '../environment.js'

const variable = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/**
 * Replaces `${NAME}` in a text by variables; `$${NAME}` stands for the text `${NAME}`. Calls `onMissing` for a variable that is
 * not set.
 */
export function fillVariables(
  text: string,
  variables: Environment,
  onMissing: (name: string) => void,
): string {
  return text.replace(variable, (whole, dollar: string, name: string) => {
    if (dollar !== '') return whole.slice(1)
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (value === undefined) onMissing(name)
    return value ?? ''
  })
}

/**
 * The same for all texts in a value of a file that was parsed before: a variable cannot add keys. Throws `INVALID_ARGUMENT`
 * with `from`, the key in the file, for a variable that is not set.
 */
export function fillValue(value: unknown, variables: Environment, from: string): unknown {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return fillVariables(value, variables, missing)
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each)]))
  }
  const missing = (name: string) => {
    throw new DistError('INVALID_ARGUMENT', `${from}: the variable ${name} is not set`)
  }
  return fill(value)
}
