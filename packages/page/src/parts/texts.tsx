import { useState } from 'preact/hooks'
import { formatRelative, shortDigest, shortRun } from '../format.js'
import { Link } from '../navigate.js'
import { useNow } from './now.js'

/** A time as its distance from now, with the time itself in the title. */
export function Time({ at }: { readonly at: Date }) {
  const now = useNow()
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {formatRelative(at, now)}
    </time>
  )
}

/** A digest, shortened. A press copies all of it. */
export function Digest({ digest }: { readonly digest: string }) {
  return <Copied text={digest} shown={shortDigest(digest)} what="digest" />
}

/** A text that a press copies. */
export function Copied({
  text,
  shown,
  what,
}: {
  readonly text: string
  readonly shown: string
  readonly what: string
}) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  const label = isCopied ? 'copied' : shown
  return (
    <button
      type="button"
      class="copied mono"
      title={`${text}: copy`}
      aria-label={`${label}: copy the ${what} ${text}`}
      onClick={copy}
    >
      {label}
    </button>
  )
}

/** A link to a run by its id. */
export function RunLink({ run }: { readonly run: string }) {
  return (
    <Link to={{ view: 'run', run }} class="mono" title={run}>
      {shortRun(run)}
    </Link>
  )
}
