export { runWorker } from './run.js'
