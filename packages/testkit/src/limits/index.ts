export { type HostLimiterFixture, hostLimiterSuite, suitePolicy } from './suite.js'
