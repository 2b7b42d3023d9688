export { coordinatorSettings, runCoordinator } from './run.js'
