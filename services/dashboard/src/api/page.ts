import { basePath, type Route, routes } from '@dist/api'

const style =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'code{font:13px ui-monospace,monospace}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}'

/** A page that lists the operations of the API. It needs no script. */
export function apiPage(): string {
  const rows = Object.entries<Route>(routes).map(
    ([id, { method, path, scope, summary }]) =>
      `<tr><td><code>${method}</code><td><code>${basePath}${path}</code><td>${scope}<td>${escaped(summary)} <code>${id}</code>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The API of dist</title><style>${style}</style>
<h1>The API of dist</h1>
<p>The schemas of requests and answers are in <a href="${basePath}/openapi.json">openapi.json</a>, an OpenAPI 3.1 document
for clients and viewers. A program sends a token: <code>Authorization: Bearer …</code>, made by
<code>dist token create --scope read</code>.</p>
<table><thead><tr><th>Method<th>Path<th>Scope<th>What it does<tbody>
${rows.join('\n')}
</table></html>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
