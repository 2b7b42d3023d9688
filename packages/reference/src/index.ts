export { formatLocator, type Locator, parseLocator } from './locator.js'
export * from './reference.js'
