import * as z from 'zod'
import { problemSchema, problemType } from './problem.js'
import { type Route, successOf } from './route.js'
import { basePath, routes } from './routes.js'
import { obstacleSchema } from './schemas/obstacle.js'
import {
  hostSchema,
  queueSchema,
  scheduleSchema,
  serviceSchema,
  transferSchema,
} from './schemas/operation.js'
import { blobSchema, causeSchema, imageSchema, runSchema, trySchema } from './schemas/run.js'
import { referrerSchema, storedImageSchema, treeNodeSchema } from './schemas/store.js'

type Json = Readonly<Record<string, unknown>>

/** The parts that several operations share, by their names in the document. */
const shared: readonly (readonly [string, z.ZodType])[] = [
  ['Problem', problemSchema],
  ['Run', runSchema],
  ['Image', imageSchema],
  ['Blob', blobSchema],
  ['Try', trySchema],
  ['Cause', causeSchema],
  ['TreeNode', treeNodeSchema],
  ['Referrer', referrerSchema],
  ['StoredImage', storedImageSchema],
  ['Obstacle', obstacleSchema],
  ['Schedule', scheduleSchema],
  ['Queue', queueSchema],
  ['Service', serviceSchema],
  ['Host', hostSchema],
  ['Transfer', transferSchema],
]

const refOf = (name: string) => `#/components/schemas/${name}`

/** The API as OpenAPI 3.1. `version`: of dist. */
export function openApiDocument(version: string): Json {
  const names = namesOfSchemas()
  return {
    openapi: '3.1.0',
    info: {
      title: 'dist',
      version,
      description:
        'Runs, schedules and queues of a mirror. Errors are problem details (RFC 9457) with a stable code. Lists with a cursor are read page by page.',
    },
    servers: [{ url: basePath }],
    security: [{ token: [] }, { user: [] }, { session: [] }],
    paths: pathsOf(names),
    components: {
      schemas: schemasOf(names),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `dist token create`.' },
        user: { type: 'http', scheme: 'basic', description: 'A user of the dashboard.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'dist_session',
          description:
            'The session of a user, for pages of the dashboard. With https its name begins with `__Host-`. It ends with the port, such as `_8080`, unless that is the usual one.',
        },
      },
    },
  }
}

function namesOfSchemas(): ReadonlyMap<z.ZodType, string> {
  const names = new Map(shared.map(([name, schema]) => [schema, name]))
  for (const [id, { body, answer }] of entries()) {
    const name = `${id[0]?.toUpperCase()}${id.slice(1)}`
    if (body !== undefined && !names.has(body)) names.set(body, `${name}Request`)
    if (answer !== undefined && !names.has(answer)) names.set(answer, `${name}Answer`)
  }
  return names
}

function entries(): [string, Route][] {
  return Object.entries<Route>(routes)
}

function schemasOf(names: ReadonlyMap<z.ZodType, string>): Json {
  const registry = z.registry<{ id: string }>()
  for (const [schema, id] of names) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: refOf })
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)]))
}

function bare({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema
}

function pathsOf(names: ReadonlyMap<z.ZodType, string>): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [id, route] of entries()) {
    paths[route.path] ??= {}
    const operations = paths[route.path]
    if (operations !== undefined) operations[route.method.toLowerCase()] = operationOf(id, route, names)
  }
  return paths
}

function operationOf(id: string, route: Route, names: ReadonlyMap<z.ZodType, string>): Json {
  const { summary, scope, body, answer, events } = route
  const contentOf = (type: string, schema: z.ZodType) => ({
    [type]: { schema: { $ref: refOf(names.get(schema) ?? '') } },
  })
  const success = {
    description: 'Done.',
    ...(answer === undefined
      ? {}
      : { content: contentOf(events ? 'text/event-stream' : 'application/json', answer) }),
  }
  const problem = { description: 'Not done.', content: contentOf(problemType, problemSchema) }
  return {
    operationId: id,
    summary,
    description: scope === 'none' ? 'Needs no sign-in.' : `Needs the scope \`${scope}\`.`,
    ...(scope === 'none' ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf('application/json', body) } }),
    responses: { [successOf(route)]: success, default: problem },
  }
}

function parametersOf({ path, query, once, events }: Route): Json[] {
  const text = { type: 'string' }
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }))
  const inQuery = Object.entries<z.ZodType>(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: bare(z.toJSONSchema(schema, { io: 'output' }) as Json),
  }))
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A request that is repeated with the same key within a day starts nothing new.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  }
  const last = {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The last event that was read.',
    schema: text,
  }
  return [...inPath, ...inQuery, ...(once ? [key] : []), ...(events ? [last] : [])]
}
