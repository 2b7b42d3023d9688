export { runWorker, workerSettings } from './run.js'
