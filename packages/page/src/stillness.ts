import { Shared } from './shared.js'

/** Why nothing on the page moves: a click might hit what has just come there. */
type Stillness = false | 'you point' | 'a menu is open'

export const isStill = new Shared<Stillness>(false)

/** Menus and questions that are open. */
let open = 0
let isPointing = false
/** A list of options that is open. Browsers tell only what leads to it. */
let isChoosing = false

function update(): void {
  isStill.set(open > 0 || isChoosing ? 'a menu is open' : isPointing && 'you point')
}

/** Keeps the page still until the returned function is called. */
export function keepStill(): () => void {
  open++
  update()
  return () => {
    open--
    update()
  }
}

/** What the pointer was on is gone: another view is shown. */
export function letMove(): void {
  isPointing = false
  isChoosing = false
  update()
}

/** Follows the mouse and lists of options. A finger stays nowhere. */
export function watchPointer(root: HTMLElement): void {
  const inside = (target: EventTarget | null, selector: string) =>
    target instanceof Element && target.closest(selector) !== null
  root.addEventListener('pointerover', ({ target, pointerType }) => {
    isPointing = pointerType === 'mouse' && inside(target, 'tbody')
    update()
  })
  root.addEventListener('pointerleave', () => letMove())
  root.addEventListener('pointerdown', ({ target }) => choose(inside(target, 'select')))
  for (const end of ['change', 'focusout'] as const) root.addEventListener(end, () => choose(false))
  root.addEventListener('keydown', ({ key }) => key === 'Escape' && choose(false))
}

function choose(isOpen: boolean): void {
  isChoosing = isOpen
  update()
}
