import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { refresh } from '../api/answers.js'
import { Shared } from '../shared.js'
import { keepStill } from '../stillness.js'

/** What the last action has done, for the line at the top. */
export const notice = new Shared<{ readonly text: string; readonly failed: boolean } | undefined>(undefined)

interface ActionProps {
  readonly label: string
  /** For readers of the screen, where several buttons have the same label. */
  readonly about?: string | undefined
  /** Asks before: the question, and what the button for yes says. */
  readonly confirm?: { readonly question: string; readonly yes: string } | undefined
  readonly kind?: 'main' | 'danger' | undefined
  /** Resolves to what was done, in words. */
  readonly act: () => Promise<string>
}

/** A button that changes something, and tells what came of it. */
export function Action({ label, about, confirm, kind, act }: ActionProps) {
  const [phase, setPhase] = useState<'idle' | 'asking' | 'busy'>('idle')
  const run = async () => {
    setPhase('busy')
    await act().then(
      (text) => notice.set({ text, failed: false }),
      (error: Error) => notice.set({ text: `${label}: ${error.message}`, failed: true }),
    )
    setPhase('idle')
    refresh()
  }
  if (phase === 'asking' && confirm !== undefined)
    return <Question {...confirm} onYes={run} onNo={() => setPhase('idle')} />
  return (
    <button
      type="button"
      class={kind}
      disabled={phase === 'busy'}
      aria-label={about === undefined ? undefined : `${label}: ${about}`}
      onClick={confirm === undefined ? run : () => setPhase('asking')}
    >
      {label}
    </button>
  )
}

interface QuestionProps {
  readonly question: string
  readonly yes: string
  readonly onYes: () => void
  readonly onNo: () => void
}

function Question({ question, yes, onYes, onNo }: QuestionProps) {
  const no = useRef<HTMLButtonElement>(null)
  // Before it is painted: a key that is pressed at once is for the question.
  useLayoutEffect(() => no.current?.focus(), [])
  useEffect(keepStill, [])
  return (
    <fieldset class="question" onKeyDown={({ key }) => key === 'Escape' && onNo()}>
      <legend>{question}</legend>
      <button type="button" class="danger" onClick={onYes}>
        {yes}
      </button>
      <button type="button" ref={no} onClick={onNo}>
        No
      </button>
    </fieldset>
  )
}
