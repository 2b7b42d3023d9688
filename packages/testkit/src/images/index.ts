export * from './handlers.js'
