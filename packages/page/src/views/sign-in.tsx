import { useEffect, useRef, useState } from 'preact/hooks'
import { refresh } from '../api/answers.js'
import { change } from '../api/call.js'

/** The form in which people sign in. It stands in place of any view, whose URL stays. */
export function SignIn() {
  const [phase, setPhase] = useState<'idle' | 'busy'>('idle')
  const [problem, setProblem] = useState<string>()
  const name = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  useEffect(() => name.current?.focus(), [])
  const signIn = async (event: SubmitEvent) => {
    event.preventDefault()
    setPhase('busy')
    setProblem(undefined)
    const given = { user: name.current?.value ?? '', password: password.current?.value ?? '' }
    await change('/session', {}, given).then(refresh, (error: Error) => {
      setProblem(error.message)
      password.current?.select()
    })
    setPhase('idle')
  }
  return (
    <form class="sign-in" onSubmit={signIn} aria-labelledby="sign-in">
      <h1 id="sign-in">Sign in</h1>
      <label>
        User
        <input
          name="user"
          ref={name}
          required
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <label>
        Password
        <input name="password" type="password" ref={password} required autocomplete="current-password" />
      </label>
      {problem !== undefined && (
        <p class="trouble" role="alert">
          Not signed in: {problem}
        </p>
      )}
      <button type="submit" class="main" disabled={phase === 'busy'}>
        Sign in
      </button>
    </form>
  )
}
