export { backoff, jittered } from './backoff.js'
export { type Code, codes, DistError, type DistErrorOptions } from './error.js'
export * from './predicates.js'
export { redactUrl, sanitize } from './text.js'
