export { namesSuite } from './suite.js'
