export { ledgersSuite } from './suite.js'
