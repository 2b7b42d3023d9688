export type { ServerAccess, ServerOptions } from './client/connection.js'
export { type Dashboard, openServer, type Server } from './client/server.js'
export { formatCursor, parseCursor, parsePlace } from './cursors.js'
export { openApiDocument } from './openapi.js'
export { type Problem, problemType, statusOfCode } from './problem.js'
export {
  type Answer,
  type Body,
  type BodyInput,
  type Params,
  type Query,
  type QueryInput,
  type Route,
  successOf,
} from './route.js'
export { basePath, type Routes, routes } from './routes.js'
