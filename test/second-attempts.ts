import type { TestModule } from 'vitest/node'
import type { Reporter } from 'vitest/reporters'

/** Names the tests that passed at their second attempt, at the end of the run: each of them deserves a look. */
export default class SecondAttempts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const flaky = modules.flatMap((module) =>
      [...module.children.allTests('passed')]
        .filter((test) => test.diagnostic()?.flaky)
        .map((test) => ({ name: `${module.relativeModuleId} > ${test.fullName}`, test })),
    )
    if (flaky.length === 0) return
    process.stdout.write(`\nPassed at the second attempt:\n`)
    for (const { name, test } of flaky) {
      process.stdout.write(`  ${name}\n`)
      for (const { message } of test.result().errors ?? []) process.stdout.write(`    ${message}\n`)
    }
  }
}
