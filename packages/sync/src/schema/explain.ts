import { sanitize } from '@dist/errdefs'
import { locate, locateKey, type Mistake, type Node } from '../document/node.js'

// Some messages list all keys that are allowed.
const longest = 1000

type Path = readonly PropertyKey[]

/** What zod reports, as far as it is used here. */
interface Issue {
  readonly code: string
  readonly path: Path
  readonly message: string
  readonly keys?: readonly string[] | undefined
  readonly errors?: readonly (readonly Issue[])[] | undefined
  readonly issues?: readonly Issue[] | undefined
}

/** The mistakes that an error of the schema reports, with their places in the document. */
export function explain(root: Node, error: { readonly issues: readonly unknown[] }): Mistake[] {
  return error.issues.flatMap((issue) => explainIssue(root, issue as Issue, []))
}

function explainIssue(root: Node, issue: Issue, above: Path): Mistake[] {
  const path = [...above, ...issue.path]
  const { keys } = issue
  if (issue.code === 'unrecognized_keys' && keys !== undefined) {
    const map = locate(root, path)
    const [, allowed = ''] = issue.message.split(/: (?=allowed)/)
    return keys.map((key) => ({
      ...locateKey(map, key),
      message: said(path, `unknown key ${key}: ${allowed}`),
    }))
  }
  const branch = issue.code === 'invalid_union' ? chosenBranch(issue.errors ?? []) : undefined
  if (branch !== undefined) return branch.flatMap((each) => explainIssue(root, each, path))
  if (issue.code === 'invalid_key') return keyMistakes(root, issue, path)
  return [{ ...locate(root, path).at, message: said(path, issue.message) }]
}

/** The branch of a union that fits the kind of the value: it has other issues than this kind. */
function chosenBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const kinds = new Set(['invalid_type', 'invalid_value', 'invalid_union'])
  return branches.find((issues) => issues.some(({ code, path }) => path.length > 0 || !kinds.has(code)))
}

/** The key is the last part of the path. */
function keyMistakes(root: Node, { issues = [] }: Issue, path: Path): Mistake[] {
  const key = String(path.at(-1))
  const at = locateKey(locate(root, path.slice(0, -1)), key)
  return issues.map(({ message }) => ({ ...at, message: said(path, message) }))
}

function said(path: Path, message: string): string {
  const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return sanitize(key === '' ? message : `${key.replace(/^\./, '')}: ${message}`, longest)
}
