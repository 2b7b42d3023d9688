// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the variables of mirror files
import { describe, expect, it } from 'vitest'
import { accepted, entry, refusals } from './support.js'

const variables = { TEAM: 'web', HOST: 'r.example', TAG: '3.10', EVIL: 'x, tags: all' }

describe('a file of the operator', () => {
  it('may have variables in its values', async () => {
    const found = await entry('from: "${HOST}/${TEAM}/app", tags: { list: "${TAG}" }, name: "${EVIL}"', {
      trusted: variables,
    })
    expect(found).toMatchObject({ name: 'x, tags: all', tags: { list: ['3.10'] } })
    expect(found.source).toMatchObject({ locator: { host: 'r.example', repository: 'web/app' } })
  })

  it('has $${NAME} for the text ${NAME}', async () => {
    expect(
      (await entry('from: "a/b:1", name: "$${TAG} ${TAG} $TAG {TAG}"', { trusted: variables })).name,
    ).toBe('${TAG} 3.10 $TAG {TAG}')
  })

  it('is refused by line with variables that are not set', async () => {
    const text = 'version: 1\nmirrors:\n  - from: "${NO}/a:1"\n    name: "${TAG} ${NEITHER}"\n'
    expect(await refusals(text, { trusted: variables })).toEqual([
      '3:11 the variable NO is not set',
      '4:11 the variable NEITHER is not set',
    ])
  })

  it('does not take a variable for a property of objects', async () => {
    expect(await refusals('version: 1\nmirrors: [{ from: "a/b:1", name: "${constructor}" }]')).toEqual([
      '2:34 the variable constructor is not set',
    ])
  })

  it('shares the anchors whose values have variables', async () => {
    const text =
      'version: 1\nx-t: &t { list: "${TAG}" }\nmirrors:\n  - { from: a/b, tags: *t }\n  - { from: a/c, tags: *t }\n'
    const { entries } = await accepted(text, { trusted: variables })
    expect(entries.map(({ tags }) => tags?.list)).toEqual([['3.10'], ['3.10']])
  })
})

describe('a file that is submitted', () => {
  it('is refused by line with variables, names of files and settings of registries', async () => {
    const text = `version: 1
registries:
  r.example: { password-file: /etc/shadow }
x-file: /etc/passwd
mirrors:
  - from: "a/b:\${AWS_SECRET_ACCESS_KEY}"
    name: "$\${HOME}"
`
    const refused = await refusals(text, { trusted: undefined })
    expect(refused.map((each) => each.split(' is ')[0])).toEqual([
      '2:1 registries',
      '3:16 password-file',
      '4:1 x-file',
      '6:11 a variable',
      '7:11 a variable',
    ])
  })

  it('is refused also when an alias hides them', async () => {
    const text = 'version: 1\nx-a: &a { from: "${HOME}/a:1" }\nmirrors:\n  - *a\n  - { <<: *a }\n'
    expect(await refusals(text, { trusted: undefined })).toEqual([expect.stringMatching(/^2:17 a variable/)])
  })

  it('is accepted without them', async () => {
    const { entries } = await accepted('version: 1\nmirrors: [{ from: a/b, tags: all }]', {
      trusted: undefined,
    })
    expect(entries).toHaveLength(1)
  })
})
