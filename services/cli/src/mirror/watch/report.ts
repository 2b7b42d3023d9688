import type { Context } from '../../context.js'
import { shownName } from '../../output/format.js'
import { note, print, printJson } from '../../output/print.js'
import { FailureGroups } from '../../report/failures.js'
import { doneLine, failureLines, jsonReport, type Report } from '../../report/report.js'
import { Summary, summaryLine, verbOf } from '../../report/summary.js'

/** The report of one run of an entry: what has changed, what failed, and the sums. With `json` a line for each image. */
export function entryReport(
  context: Context,
  name: string,
  { json = false }: { json?: boolean | undefined },
): Report {
  const failures = new FailureGroups()
  return {
    json,
    wanted: json,
    failures,
    write: async (images, { to }) => {
      const summary = new Summary()
      const verb = verbOf({ to })
      for await (const image of images) {
        summary.add(image)
        if (image.state === 'failed') failures.add(image)
        if (json) printJson(context, jsonReport(image, verb))
        else if (image.state === 'pruned' || (image.state === 'done' && !image.upToDate))
          print(context, `${shownName(name)}: ${doneLine(image, verb)}`)
      }
      for (const line of failures.lines(failureLines)) note(context, line)
      const line = summaryLine(summary, to)
      if (json) note(context, line)
      else print(context, `${shownName(name)}: ${line}`)
      return summary
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
