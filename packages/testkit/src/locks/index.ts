export { lockerSuite, lossyLockerSuite } from './suite.js'
