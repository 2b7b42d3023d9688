import type { Scope } from '@dist/runs'
import type * as z from 'zod'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One operation of the API: what is asked and answered. The document, the server and the client are made of it. */
export interface Route {
  readonly method: Method
  /** Below `basePath`, with names in braces: `/runs/{run}`. */
  readonly path: string
  readonly summary: string
  /** `none`: it is answered without sign-in, too. */
  readonly scope: Scope | 'none'
  readonly query?: z.ZodObject | undefined
  readonly body?: z.ZodType | undefined
  /** Bytes. Default: 64 KiB. */
  readonly bodyLimit?: number | undefined
  /** It asks by a body, and changes nothing. */
  readonly asks?: boolean | undefined
  /** Takes an `Idempotency-Key`. */
  readonly once?: boolean | undefined
  /** Another service answers it, within 20 seconds. */
  readonly slow?: boolean | undefined
  /** Default: 200, or 204 without an answer. */
  readonly status?: number | undefined
  /** Undefined: nothing is answered. */
  readonly answer?: z.ZodType | undefined
  /** The answer is a stream of server-sent events, whose data are `answer`. */
  readonly events?: boolean | undefined
}

type Output<T> = T extends z.ZodType ? z.output<T> : undefined
type Input<T> = T extends z.ZodType ? z.input<T> : undefined

/** The names in the path of a route. */
export type PathNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never

/** The names in the path with their values. */
export type Params<R extends Route> = Readonly<Record<PathNames<R['path']>, string>>
export type Query<R extends Route> = Output<R['query']>
export type Body<R extends Route> = Output<R['body']>
export type Answer<R extends Route> = Output<R['answer']>

/** What a client gives. */
export type QueryInput<R extends Route> = Input<R['query']>
export type BodyInput<R extends Route> = Input<R['body']>

export function defineRoute<const R extends Route>(route: R): R {
  return route
}

/** The status of a success. */
export function successOf({ status, answer }: Route): number {
  return status ?? (answer === undefined ? 204 : 200)
}
