export { type LockerFixture, type LossyLockerFixture, lockerSuite, lossyLockerSuite } from './suite.js'
