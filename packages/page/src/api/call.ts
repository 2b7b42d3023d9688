import type { Answer, BodyInput, Params, Problem, QueryInput, Routes } from '@dist/api'
import { noteAnswer, noteSilence } from './connection.js'

type Operation = Routes[keyof Routes]
type At<Method, Path> = Extract<Operation, { method: Method; path: Path }>

type ReadPath = Exclude<Extract<Operation, { method: 'GET' }>, { events: true }>['path']
type ChangePath = Extract<Operation, { method: 'POST' }>['path']
type RemovePath = Extract<Operation, { method: 'DELETE' }>['path']

export type Read<Path extends ReadPath> = At<'GET', Path>
export type { ReadPath }

/** What an operation is asked. */
export interface Asked<R extends Operation> {
  readonly params?: Params<R> | undefined
  readonly query?: QueryInput<R> | undefined
}

const base = '/api/v1'
/** Milliseconds that an answer may take. */
const patienceMs = 15_000

/** What coordinators answer: without them the dashboard is there all the same. */
const ofCoordinators = /^\/(previews|store\/images)|\/tree$/

/** The error of an answer: `message` is for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** Reads by the API. Throws an `ApiError`. */
export async function read<const Path extends ReadPath>(
  path: Path,
  { params, query }: Asked<Read<Path>> = {},
  signal?: AbortSignal,
): Promise<Answer<Read<Path>>> {
  return (await call('GET', path, params, query as object | undefined, undefined, signal)) as Answer<
    Read<Path>
  >
}

/** Changes something by the API. Throws an `ApiError`. */
export async function change<const Path extends ChangePath>(
  path: Path,
  params: Params<At<'POST', Path>>,
  ...[body]: BodyInput<At<'POST', Path>> extends undefined ? [] : [BodyInput<At<'POST', Path>>]
): Promise<Answer<At<'POST', Path>>> {
  return (await call('POST', path, params, undefined, body)) as Answer<At<'POST', Path>>
}

/** Removes something by the API. Throws an `ApiError`. */
export async function remove<const Path extends RemovePath>(
  path: Path,
  params: Params<At<'DELETE', Path>>,
): Promise<void> {
  await call('DELETE', path, params)
}

async function call(
  method: string,
  path: string,
  params?: Readonly<Record<string, string>>,
  query?: object,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const limit = AbortSignal.timeout(patienceMs)
  const response = await fetch(base + pathOf(path, params, query), {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  }).catch((error: unknown) => {
    if (signal?.aborted !== true) noteSilence('The dashboard does not answer')
    throw new ApiError(`the dashboard does not answer (${(error as Error).message})`, 0)
  })
  const text = await response.text()
  if (response.ok) {
    noteAnswer()
    return text === '' ? undefined : parseAnswer(text)
  }
  const { detail } = problemOf(text)
  if (response.status >= 500 && !ofCoordinators.test(path))
    noteSilence(`The dashboard cannot read the queue: ${detail}`)
  else noteAnswer()
  throw new ApiError(detail, response.status)
}

/** The path of an operation with its parameters and its query, below that of the API. */
export function pathOf(
  path: string,
  params: Readonly<Record<string, string>> = {},
  query: object = {},
): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? filled : `${filled}?${search}`
}

/** What an answer has, with times. */
export function parseAnswer(text: string): unknown {
  return JSON.parse(text, revived)
}

function problemOf(text: string): Pick<Problem, 'detail'> {
  try {
    return JSON.parse(text) as Problem
  } catch {
    return { detail: text.trim().slice(0, 300) }
  }
}

/** Times are what the contract says, `Date`, where the name is that of a time and the value has its form. */
function revived(name: string, value: unknown): unknown {
  const isTime = /At$|Until$|Since$|^(at|until|next)$/.test(name)
  return isTime && typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)
    ? new Date(value)
    : value
}
