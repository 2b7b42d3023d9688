export { anonymousSuite } from './anonymous.js'
export { resumeSuite } from './resume.js'
export { contentSuite } from './suite.js'
