export * from './fixtures/index.js'
export * from './registry/index.js'
