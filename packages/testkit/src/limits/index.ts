export { hostLimitsSuite } from './limits-suite.js'
export { hostLimiterSuite } from './suite.js'
