export * from './runs.js'
export * from './service.js'
