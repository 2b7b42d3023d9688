import { writeFile } from 'node:fs/promises'
import { JsonReporter } from 'vitest/node'

/** Writes vitest's JSON report to its `outputFile`, if it has one, without a word: a run ends with its summary. */
export default class QuietJsonReporter extends JsonReporter {
  override async writeReport(report: string): Promise<void> {
    if (typeof this.options.outputFile === 'string') await writeFile(this.options.outputFile, report)
  }
}
