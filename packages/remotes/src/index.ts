export * from './hints.js'
export * from './limiter.js'
export * from './remotes.js'
