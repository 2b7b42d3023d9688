export { configureClient } from './print-config.js'
export { runRegistry } from './run.js'
