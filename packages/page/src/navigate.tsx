import type { ComponentChildren } from 'preact'
import { formatPlace, type Place, parsePlace } from './place.js'
import { Shared, useShared } from './shared.js'
import { letMove } from './stillness.js'

const place = new Shared(here())

/** What is shown now. */
export function usePlace(): Place {
  return useShared(place)
}

/** Shows another place. `replace`: the back button skips the present one. */
export function go(next: Place, { replace = false }: { replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, '', formatPlace(next))
  else history.pushState(null, '', formatPlace(next))
  arrive()
  if (replace) return
  scrollTo(0, 0)
  // Readers of the screen begin at the new content.
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
}

/** Follows the back and forward buttons. */
export function watchHistory(): void {
  addEventListener('popstate', arrive)
}

interface LinkProps {
  readonly to: Place
  readonly class?: string | undefined
  readonly title?: string | undefined
  readonly current?: boolean | undefined
  readonly children: ComponentChildren
}

export function Link({ to, title, current, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    // What opens another tab or window is left to the browser.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a
      href={formatPlace(to)}
      class={rest.class}
      title={title}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  )
}

function arrive(): void {
  letMove()
  place.set(here())
}

function here(): Place {
  return parsePlace(location.pathname + location.search)
}
