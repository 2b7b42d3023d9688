export { runDashboard } from './run.js'
