import { useEffect, useState } from 'preact/hooks'

/** A value that parts of the page follow. */
export class Shared<T> {
  readonly #followers = new Set<(value: T) => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (value === this.#value) return
    this.#value = value
    for (const follower of this.#followers) follower(value)
  }

  /** Calls the function for each change until the returned function is called. */
  follow(follower: (value: T) => void): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }
}

/** The value now; the component is drawn again for each change. */
export function useShared<T>(shared: Shared<T>): T {
  const [value, setValue] = useState(shared.value)
  useEffect(() => {
    // It may have changed between the first drawing and this call.
    setValue(shared.value)
    return shared.follow(setValue)
  }, [shared])
  return value
}
