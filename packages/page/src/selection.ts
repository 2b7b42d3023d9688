import type { BodyInput, Routes } from '@dist/api'
import type { PreviewFields } from './place.js'

/** A mirror file of one repository with the selection that a form has. */
export function sourcesOf({
  repository = '',
  include,
  exclude,
  semver,
  newerThan,
  newest,
}: PreviewFields): NonNullable<BodyInput<Routes['previewSources']>['sources']> {
  const tags = {
    ...(include === undefined ? {} : { include: listOf(include) }),
    ...(exclude === undefined ? {} : { exclude: listOf(exclude) }),
    ...(semver === undefined ? {} : { semver }),
    ...(newerThan === undefined ? {} : { 'newer-than': newerThan }),
    ...(newest === undefined ? {} : { newest: Number(newest) }),
  }
  const all = Object.keys(tags).length === 0 ? { include: ['*'] } : tags
  const text = JSON.stringify({ version: 1, mirrors: [{ name: 'preview', from: repository, tags: all }] })
  return { text, language: 'json' }
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '')
}

/** What happened to a tag that fell out at a stage. A stage of a newer service keeps its name. */
export function fateOf(stage: string): string {
  return fates[stage] ?? stage
}

const fates: Readonly<Record<string, string>> = {
  name: 'of a signature',
  include: 'not included',
  exclude: 'excluded',
  semver: 'not in the range of versions',
  'newer-than': 'too old',
  newest: 'not among the newest',
}
