export { dashboardSettings, runDashboard } from './run.js'
