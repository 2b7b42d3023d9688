// again.mjs REPORT STATUS COMMAND...: after a whole run that failed, runs its failed files once more, alone, by COMMAND;
// the report then has their second results. A busy machine can make a server late in a hook, which the second attempt of
// a test does not cover. Exits as the second run ended; with STATUS where it runs nothing: a property failed (other random
// values would hide what was found), many files failed, or none, as when the run could not begin.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

const most = 8
const [, , file = '', status = '1', command = '', ...args] = process.argv
const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { testResults: [] }
const failed = report.testResults.filter((each) => each.status === 'failed')
process.exitCode = mayRunAgain(failed)
  ? runAgain([...new Set(failed.map((each) => each.name))])
  : Number(status)

function mayRunAgain(files) {
  return files.length > 0 && files.length <= most && !files.some(hasProperty)
}

function hasProperty({ assertionResults }) {
  return assertionResults.some((test) =>
    test.failureMessages?.some((text) => text.includes('Property failed')),
  )
}

function runAgain(names) {
  const paths = names.map((name) => relative('.', name))
  console.log(`\n${paths.length === 1 ? 'This file' : 'These files'} failed and now run again, alone:`)
  for (const path of paths) console.log(`  ${path}`)
  const second = `${file}.again`
  const env = { ...process.env, DIST_TEST_REPORT: second }
  const ended = spawnSync(command, [...args, ...paths], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const results = JSON.parse(readFileSync(second, 'utf8')).testResults
  const kept = report.testResults.filter((each) => !names.includes(each.name))
  writeFileSync(file, JSON.stringify({ ...report, testResults: [...kept, ...results] }))
  return ended.status ?? 1
}
