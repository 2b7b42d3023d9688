import { useEffect, useState } from 'preact/hooks'

interface ChoiceProps<T extends string> {
  readonly label: string
  readonly options: readonly T[]
  readonly chosen: T | undefined
  readonly onChoose: (option: T | undefined) => void
}

/** One of some options, or all of them. */
export function Choice<T extends string>({ label, options, chosen, onChoose }: ChoiceProps<T>) {
  return (
    <label>
      {label}{' '}
      <select
        value={chosen ?? ''}
        onChange={({ currentTarget }) => onChoose(options.find((each) => each === currentTarget.value))}
      >
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Milliseconds after the last key before a search begins. */
const pauseMs = 300

interface SearchProps {
  readonly label: string
  readonly text: string | undefined
  readonly onSearch: (text: string | undefined) => void
}

/** A text that is searched for when typing has stopped. */
export function Search({ label, text = '', onSearch }: SearchProps) {
  const [typed, setTyped] = useState(text)
  useEffect(() => setTyped(text), [text])
  useEffect(() => {
    if (typed === text) return
    const timer = setTimeout(() => onSearch(typed === '' ? undefined : typed), pauseMs)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <label>
      {label}{' '}
      <input type="search" value={typed} onInput={({ currentTarget }) => setTyped(currentTarget.value)} />
    </label>
  )
}
