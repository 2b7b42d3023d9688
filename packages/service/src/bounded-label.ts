/** Values of a label beyond its bound. */
const otherValue = 'other'

/** A label whose values come from other sides: the first ones are kept, all further ones are `other`. */
export class BoundedLabel {
  readonly #known = new Set<string>()

  constructor(private readonly most = 100) {}

  of(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.most) return otherValue
    this.#known.add(value)
    return value
  }
}
