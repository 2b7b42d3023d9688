import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openApiDocument } from '../src/openapi.js'
import type { Route } from '../src/route.js'
import { routes } from '../src/routes.js'

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly responses: Readonly<Record<string, unknown>>
}

const document = openApiDocument('1.2.3') as {
  readonly openapi: string
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
const operations = Object.values(document.paths).flatMap((each) => Object.values(each))

it('the document has every operation once, each with its success and its error', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(routes).sort())
  for (const { responses } of operations)
    expect(Object.keys(responses).sort()).toEqual([expect.stringMatching(/^2/), 'default'])
})

it('every reference in the document leads to a schema', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
  expect(references.length).toBeGreaterThan(operations.length)
  for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name)
})

it('parameters are those of path and query, and the bounds of numbers are told', () => {
  const { listImages, retryRun, submitRun } = Object.fromEntries(
    operations.map((each) => [each.operationId, each.parameters]),
  )
  expect(listImages?.map(({ name }) => name)).toEqual(['run', 'state', 'search', 'cause', 'limit', 'cursor'])
  expect(listImages?.find(({ name }) => name === 'limit')?.schema).toMatchObject({
    minimum: 1,
    maximum: 1000,
  })
  expect(retryRun?.map(({ name }) => name)).toEqual(['run'])
  expect(submitRun?.map(({ name }) => name)).toEqual(['Idempotency-Key'])
})

it('what reads needs no more than to read, and what changes something does', () => {
  for (const { method, scope } of Object.values<Route>(routes))
    if (scope !== 'none') expect(scope === 'read').toBe(method === 'GET')
})

it('the documentation names no operation that is not there', () => {
  const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')
  const named = [...text.matchAll(/`(GET|POST|PUT|DELETE) (\/(?!api)[^`]+)`/g)].map(
    ([, method, path]) => `${method} ${path}`,
  )
  expect(named.length).toBeGreaterThan(3)
  const known = Object.values<Route>(routes).map(({ method, path }) => `${method} ${path}`)
  for (const each of named) expect(known).toContain(each)
})
