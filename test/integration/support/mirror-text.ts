import { type Ended, jsonLines, type Workspace } from './workspace.js'

/** A line of the report. */
export interface ReportLine {
  entry: string
  name: string
  to?: string
  state: string
  digest?: string
  previous?: string
  upToDate?: boolean
  code?: string
  error?: string
  stage?: string
  remarks?: string[]
}

/** Mirrors what the text of a mirror file says. */
export async function mirrorText(
  workspace: Workspace,
  text: string,
  args: readonly string[] = [],
): Promise<Ended & { lines: ReportLine[] }> {
  const path = workspace.file('dist.yaml', text)
  const ended = await workspace.dist(['mirror', '-f', path, '--json', ...args])
  return { ...ended, lines: jsonLines<ReportLine>(ended.stdout) }
}
