export { hostLimiterSuite } from './suite.js'
