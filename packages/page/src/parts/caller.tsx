import type { Answer, Routes } from '@dist/api'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

export type Session = Answer<Routes['getSession']>
type Scope = Session['scopes'][number]

/** Who looks at the page, and what they may do. Undefined while it is not known. */
export const Caller = createContext<Session | undefined>(undefined)

/** Whether the reader may do what needs a scope. */
export function useMay(scope: Scope): boolean {
  return useContext(Caller)?.scopes.includes(scope) === true
}

interface ReadOnlyProps {
  /** What the buttons need that are missing. Default: `submit`. */
  readonly needs?: Scope | undefined
  /** What does it without the page. */
  readonly command?: string | undefined
}

/** Why there are no buttons. */
export function ReadOnly({ needs = 'submit', command }: ReadOnlyProps) {
  const session = useContext(Caller)
  if (session?.caller === undefined || session.scopes.includes(needs)) return null
  return (
    <p class="quiet">
      {reasonOf(session)}
      {command !== undefined && (
        <>
          {' '}
          On the command line: <code>{command}</code>
        </>
      )}
    </p>
  )
}

function reasonOf({ caller, scopes }: Session) {
  if (caller?.kind === 'anyone')
    return (
      <>
        You can only look: the dashboard was started without users (<code>--users-file</code>).
      </>
    )
  if (scopes.includes('submit')) return 'Some buttons need the role admin; you have the role operator.'
  return 'You can only look: you have the role viewer.'
}

/** What the scopes of a user are called. */
export function roleOf({ scopes }: Session): string {
  if (scopes.includes('admin')) return 'admin'
  return scopes.includes('submit') ? 'operator' : 'viewer'
}
