import { serveSuite } from '../support/serve-suite.js'

serveSuite('a folder', async () => ({ env: {} }))
