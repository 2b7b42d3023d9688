import { serviceMain } from '@dist/composition/service'
import { runCoordinator } from './run.js'

await serviceMain('coordinator', runCoordinator)
