export * from './describe.js'
export * from './obstacle.js'
export * from './runs.js'
export * from './service.js'
