import { serviceMain } from '@dist/composition/service'
import { runWorker } from './run.js'

await serviceMain('worker', runWorker)
