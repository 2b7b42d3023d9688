export * from './digest-tags.js'
export {
  formatLocator,
  formatPrefix,
  isRepository,
  type Locator,
  parseLocator,
  parsePrefix,
} from './locator.js'
export * from './reference.js'
