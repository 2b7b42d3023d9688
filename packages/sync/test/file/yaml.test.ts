import { describe, expect, it } from 'vitest'
import { accepted, entry, mistakesOf, refusals } from './support.js'

describe('a mirror file in YAML', () => {
  it('keeps the spelling of tags', async () => {
    const { tags } = await entry(
      'from: a/b, tags: { list: [3.10, 1.20, 007, 1e3, 0x10, true, null, 2026-01-02] }',
    )
    expect(tags?.list).toEqual(['3.10', '1.20', '007', '1e3', '0x10', 'true', 'null', '2026-01-02'])
    expect((await entry('from: a/b, tags: { list: 3.10 }')).tags?.list).toEqual(['3.10'])
  })

  it('may have anchors, merged maps and keys that begin with x-', async () => {
    const { entries } = await accepted(`version: 1
x-arm: &arm { platforms: linux/arm64, x-note: mine }
x-tags: &tags { tags: { newest: 2 }, platforms: linux/amd64 }
mirrors:
  - &first
    <<: [*arm, *tags]
    from: a/b
    x-owner: { any: [thing] }
  - <<: *first
    from: a/c
    platforms: [linux/s390x]
`)
    expect(entries.map(({ name, platforms, tags }) => [name, platforms, tags?.newest])).toEqual([
      ['docker.io/a/b', ['linux/arm64'], 2],
      ['docker.io/a/c', ['linux/s390x'], 2],
    ])
  })

  it('lets a key win over a merged one, wherever << stands', async () => {
    const { entries } = await accepted(`version: 1
x-a: &a { platforms: linux/arm64 }
mirrors:
  - { from: "a/b:1", platforms: linux/amd64, <<: *a }
`)
    expect(entries[0]?.platforms).toEqual(['linux/amd64'])
  })

  it('takes a host that begins with x- for a host', async () => {
    const { registries } = await accepted(
      'version: 1\nregistries: { x-ray.example: { plain-http: true } }\nmirrors: []',
    )
    expect(registries).toEqual({ 'x-ray.example': { plainHttp: true } })
  })

  it.each([
    ['a tab as indentation', 'version: 1\nmirrors:\n\t- from: a\n', 3],
    ['a key that stands twice', 'version: 1\nmirrors: []\nversion: 1\n', 3],
    ['a missing bracket', 'version: 1\nmirrors: [\n', 3],
    ['two documents', 'version: 1\nmirrors: []\n---\na: 1\n', 3],
    ['an unknown anchor', 'version: 1\nmirrors: *a\n', 2],
    ['an alias inside of its anchor', 'version: 1\nmirrors: &a [*a]\n', 2],
    ['a map as key', 'version: 1\n? {a: 1}\n: 2\n', 2],
    ['a merge of a text', 'version: 1\n<<: a\n', 2],
    ['an empty file', '', 1],
  ])('is refused with %s, by line', async (_, text, line) => {
    const [first] = await mistakesOf(text)
    expect(first?.line).toBe(line)
  })

  it('is refused when its aliases make too many values', async () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const item = level === 0 ? 'x' : `*a${level - 1}`
      return `  a${level}: &a${level} [${Array(10).fill(item).join(', ')}]`
    })
    const bomb = `version: 1\nx-bomb:\n${levels.join('\n')}\nmirrors: *a8\n`
    const before = performance.now()
    expect(await refusals(bomb)).toEqual(['1:1 the aliases make more than 200000 values'])
    expect(performance.now() - before).toBeLessThan(5000)
  })

  it('is refused when it is nested too deep', async () => {
    expect(await refusals(`version: 1\nmirrors: ${'['.repeat(500)}${']'.repeat(500)}`)).toEqual([
      expect.stringContaining('nested deeper'),
    ])
  })

  it('may have keys with special names, which are refused as any other', async () => {
    expect(await refusals('version: 1\nmirrors: []\n__proto__: { a: 1 }\nconstructor: 1\n')).toEqual([
      '3:1 unknown key __proto__: allowed are version, name, registries, notify-targets, defaults, mirrors',
      '4:1 unknown key constructor: allowed are version, name, registries, notify-targets, defaults, mirrors',
    ])
  })

  it('is never quoted by mistakes of its syntax, which may contain secrets', async () => {
    const texts = [
      'password: "hunter2',
      'password: hunter2: hunter2',
      '- hunter2\nhunter2',
      '@hunter2',
      '*hunter2',
    ]
    for (const text of texts)
      for (const refusal of await refusals(text)) expect(refusal).not.toContain('hunter2')
  })
})
