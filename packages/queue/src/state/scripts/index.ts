export * from './blobs.js'
export * from './closing.js'
export * from './images.js'
export * from './runs.js'
