import { serviceMain } from '@dist/composition/service'
import { runDashboard } from './run.js'

await serviceMain('dashboard', runDashboard)
