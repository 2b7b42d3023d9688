// summary.mjs REPORT STATUS: prints `N passed, N failed` from vitest's JSON report, as the last line, and exits with
// the status that the run ended with; with 1 where the run claims success but no test passed.
import { readFileSync } from 'node:fs'

const [, , file = '', ended = '1'] = process.argv
const { passed, failed, note } = counts(readReport(file), Number(ended))
if (note) console.log(note)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = Number(ended) || (passed === 0 || failed > 0 ? 1 : 0)

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function counts(report, status) {
  if (report === undefined) return { passed: 0, failed: 0, note: `no test ran (exit status ${status})` }
  // A file that cannot be loaded has no tests to count: it counts as one failure.
  const broken = report.testResults.filter(
    (f) => f.status === 'failed' && !f.assertionResults.some(hasFailed),
  )
  const tests = report.testResults.flatMap((f) => f.assertionResults)
  const passed = tests.filter((test) => test.status === 'passed').length
  const failed = tests.filter(hasFailed).length + broken.length
  if (passed + failed === 0) return { passed, failed, note: 'no test ran' }
  // Errors outside of any test, e.g. an unhandled rejection.
  if (status !== 0 && failed === 0)
    return { passed, failed: 1, note: `the run failed outside of any test (exit status ${status})` }
  return { passed, failed }
}

function hasFailed(test) {
  return test.status === 'failed'
}
