import { useEffect } from 'preact/hooks'
import { pace, useAnswer } from './api/answers.js'
import { remove } from './api/call.js'
import { silence } from './api/connection.js'
import { go, Link, usePlace } from './navigate.js'
import { Action, notice } from './parts/action.js'
import { Caller, roleOf, type Session } from './parts/caller.js'
import { Time } from './parts/texts.js'
import type { Place } from './place.js'
import { useShared } from './shared.js'
import { isStill } from './stillness.js'
import { Hosts } from './views/hosts.js'
import { Image } from './views/image.js'
import { Overview } from './views/overview.js'
import { Preview } from './views/preview.js'
import { Run } from './views/run.js'
import { Runs } from './views/runs.js'
import { Schedules } from './views/schedules.js'
import { Services } from './views/services.js'
import { SignIn } from './views/sign-in.js'
import { Store } from './views/store.js'
import { Stored } from './views/stored.js'

/** The page: its head, and the view of the present place. */
export function App() {
  const place = usePlace()
  const { data: session, error } = useAnswer('/session', {}, pace.slow)
  const isOutside = session !== undefined && session.caller === undefined
  return (
    <Caller.Provider value={session}>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <Link to={{ view: 'overview' }} class="brand" title="Overview">
          dist
        </Link>
        {!isOutside && <Navigation view={place.view} />}
        <Connection session={session} />
      </header>
      <Notice />
      <main id="main" tabIndex={-1}>
        {isOutside ? <SignIn /> : (session ?? error) && <View place={place} />}
      </main>
      {!isOutside && (
        <footer class="quiet">
          <a href="/api/v1/">API</a> · <a href="/queues/">jobs in the queues</a>
        </footer>
      )}
    </Caller.Provider>
  )
}

const views = [
  ['overview', 'Overview'],
  ['runs', 'Runs'],
  ['schedules', 'Schedules'],
  ['preview', 'Preview'],
  ['store', 'Store'],
  ['services', 'Services'],
  ['hosts', 'Hosts'],
] as const

/** The section of a view that has none of its own. */
const sections: { readonly [View in Place['view']]?: Place['view'] } = {
  run: 'runs',
  image: 'runs',
  stored: 'store',
}

function Navigation({ view }: { readonly view: Place['view'] }) {
  const section = sections[view] ?? view
  return (
    <nav aria-label="Pages">
      {views.map(([name, title]) => (
        <Link key={name} to={{ view: name }} current={section === name}>
          {title}
        </Link>
      ))}
    </nav>
  )
}

function View({ place }: { readonly place: Place }) {
  useEffect(() => {
    document.title = `${titleOf(place)} – dist`
  }, [place])
  switch (place.view) {
    case 'overview':
      return <Overview />
    case 'runs':
      return <Runs {...place} />
    case 'run':
      return <Run key={place.run} {...place} />
    case 'image':
      return <Image run={place.run} index={place.index} />
    case 'services':
      return <Services />
    case 'hosts':
      return <Hosts />
    case 'schedules':
      return <Schedules />
    case 'preview':
      return <Preview key={place.schedule} {...place} />
    case 'store':
      return <Store {...place} />
    case 'stored':
      return <Stored name={place.name} />
    case 'sign-in':
      return <SignedIn to={place.to} />
    case 'unknown':
      return (
        <p>
          There is nothing here. <Link to={{ view: 'overview' }}>To the overview</Link>
        </p>
      )
  }
}

function titleOf(place: Place): string {
  if (place.view === 'run') return `Run ${place.run}`
  if (place.view === 'sign-in') return 'Sign in'
  if (place.view === 'stored') return place.name
  if (place.view === 'image') return `Image ${place.index} of run ${place.run}`
  return views.find(([name]) => name === place.view)?.[1] ?? 'Nothing here'
}

/** Leads who has signed in to where they wanted to go: also to what is no view. */
function SignedIn({ to = '/' }: { readonly to: string | undefined }) {
  useEffect(() => {
    const url = new URL(to, location.origin)
    if (url.origin !== location.origin) go({ view: 'overview' }, { replace: true })
    else location.replace(url)
  }, [to])
  return null
}

/** Whether what is shown is of now, and who looks at it. */
function Connection({ session }: { readonly session: Session | undefined }) {
  const lost = useShared(silence)
  const still = useShared(isStill)
  return (
    <div class="connection">
      <span role="status">
        {lost === undefined ? (
          <span class={still ? 'quiet' : 'state alive'}>{still ? `still while ${still}` : '● live'}</span>
        ) : (
          <span class="state failed">✕ no connection</span>
        )}
      </span>
      {session?.caller !== undefined && <Reader session={session} name={session.caller.name} />}
    </div>
  )
}

/** Who looks at the page, and the way out. */
function Reader({ session, name }: { readonly session: Session; readonly name: string }) {
  const signOut = async () => {
    await remove('/session', {})
    return 'You have signed out.'
  }
  return (
    <>
      {session.caller?.kind === 'anyone' ? (
        <span class="quiet wide">not signed in</span>
      ) : (
        <span class="quiet">
          {name.replace(/^user /, '')}
          <span class="wide"> ({roleOf(session)})</span>
        </span>
      )}
      {session.until !== undefined && <Action label="Sign out" act={signOut} />}
    </>
  )
}

/** What the last action has done, and whether the page is of now. */
function Notice() {
  const said = useShared(notice)
  const lost = useShared(silence)
  useEffect(() => {
    if (said === undefined || said.failed) return
    const timer = setTimeout(() => notice.set(undefined), 8_000)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <>
      {lost !== undefined && (
        <p class="banner trouble" role="alert">
          {lost.why}. What you see is from <Time at={lost.since} />. The page tries again by itself.
        </p>
      )}
      <div aria-live="polite">
        {said !== undefined && (
          <p class={said.failed ? 'banner trouble' : 'banner'}>
            {said.text}{' '}
            <button type="button" onClick={() => notice.set(undefined)}>
              Close
            </button>
          </p>
        )}
      </div>
    </>
  )
}
