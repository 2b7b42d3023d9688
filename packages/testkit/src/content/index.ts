export { anonymousSuite } from './anonymous.js'
export { type ResumeFixture, resumeSuite } from './resume.js'
export { type ContentFixture, contentSuite } from './suite.js'
