export { runCoordinator } from './run.js'
