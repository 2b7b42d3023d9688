import { DistError } from '@dist/errdefs'
import { section } from '@dist/settings'
import { checkDocument, compilePathGlob, languageOf, type Matcher, pathGlob } from '@dist/sync'
import * as z from 'zod'

/** What users may read. Repositories have their full names: `docker.io/library/alpine`. */
export interface Rights {
  mayPull(user: string, repository: string): boolean
  /** Whether the user may list the names of all repositories: who may pull all of them. */
  mayList(user: string): boolean
}

/** Every user may read everything. */
export const allRights: Rights = { mayPull: () => true, mayList: () => true }

const patterns = z.array(pathGlob, 'a list of patterns is expected')

const schema = section({
  users: z.record(z.string(), patterns, 'a map from users to their patterns is expected').optional(),
  everyone: patterns.optional(),
})

/** The pattern of all repositories. */
const everything = '**'
/** Answers that are remembered: matching takes long compared with a request. */
const maxAnswers = 20_000

/**
 * Reads the text of a file of rights, YAML, TOML or JSON: `users` with patterns of repositories for each user, and `everyone`
 * with patterns for all users. Who is not in it may read nothing. Throws `INVALID_ARGUMENT` with line and column.
 */
export async function parseRights(text: string, path: string): Promise<Rights> {
  const checked = await checkDocument(text, languageOf(path) ?? 'yaml', schema)
  if ('mistakes' in checked) {
    const [first] = checked.mistakes
    const at = `${path}:${first?.line}:${first?.column}`
    throw new DistError('INVALID_ARGUMENT', `${at}: ${first?.message}`)
  }
  const { users = {}, everyone = [] } = checked.value
  return rightsOf(new Map(Object.entries(users)), everyone)
}

function rightsOf(users: ReadonlyMap<string, readonly string[]>, everyone: readonly string[]): Rights {
  const matchers = new Map<string, Matcher>()
  const matcherOf = (pattern: string) => {
    const known = matchers.get(pattern) ?? compilePathGlob(pattern)
    matchers.set(pattern, known)
    return known
  }
  const patternsOf = (user: string) => [...(users.get(user) ?? []), ...everyone]
  const answers = new Map<string, boolean>()
  const match = (user: string, repository: string) =>
    patternsOf(user).some((pattern) => matcherOf(pattern)(repository))
  return {
    mayPull: (user, repository) => {
      const key = JSON.stringify([user, repository])
      const answer = answers.get(key) ?? match(user, repository)
      if (answers.size >= maxAnswers) answers.clear()
      answers.set(key, answer)
      return answer
    },
    mayList: (user) => patternsOf(user).includes(everything),
  }
}
