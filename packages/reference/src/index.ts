export { formatLocator, formatPrefix, type Locator, parseLocator, parsePrefix } from './locator.js'
export * from './reference.js'
