import type { ComponentChildren } from 'preact'
import type { Live } from '../api/answers.js'

interface KnownProps<T> {
  readonly live: Live<T>
  /** What is loaded, for people: `the runs`. */
  readonly what: string
  readonly children: (data: T) => ComponentChildren
}

/** What is known, or that it is loading, or why it is not known. */
export function Known<T>({ live: { data, error }, what, children }: KnownProps<T>) {
  if (data !== undefined) return <>{children(data)}</>
  if (error === undefined) return <p class="quiet loading">Loading {what}…</p>
  return (
    <p class="trouble" role="alert">
      {what} cannot be shown: {error.message}
    </p>
  )
}

/** What stands in place of an empty list. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="quiet empty">{children}</p>
}

interface SectionProps {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** A table that scrolls by itself where it is too wide. `columns`: `wide` ones are left out where there is little room. */
export function Table({
  caption,
  columns,
  children,
}: {
  readonly caption: string
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}) {
  return (
    <div class="table">
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, kind }) => (
              <th key={title} scope="col" class={kind}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

interface Column {
  readonly title: string
  readonly kind?: 'wide' | 'number' | 'wide number' | undefined
}
