/** Items of one host that have not begun, first in, first out. Unlike the `shift` of a long array, `next` is fast. */
export class Backlog<T> {
  #items: (T | undefined)[] = []
  #first = 0

  add(item: T): void {
    this.#items.push(item)
  }

  /** Removes the first item. */
  next(): T | undefined {
    const item = this.#items[this.#first]
    if (item === undefined) return undefined
    this.#items[this.#first++] = undefined
    if (this.#first === removedTogether) {
      this.#items.splice(0, this.#first)
      this.#first = 0
    }
    return item
  }
}

const removedTogether = 1_000
