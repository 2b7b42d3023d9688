export { type NamesFixture, namesSuite } from './suite.js'
