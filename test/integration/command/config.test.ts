// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is a variable of a mirror file
import { describe, expect, it } from 'vitest'
import { jsonLines, useWorkspace } from '../support/workspace.js'

const workspace = useWorkspace()

const wrong = `version: 1
mirrors:
  - from: quay.io/prometheus/prometheus
    tags: { newest: none, include: [3.10] }
  - { from: "q.io/a:1", platform: linux/amd64 }
`
const right = 'version: 1\nmirrors:\n  - { from: "${HOST_OF_TEST}/a", tags: { list: [3.10] } }\n'

describe('dist config check', () => {
  it('prints every mistake with file, line and column', async () => {
    workspace().file('dist.yaml', wrong)
    const { code, stdout, stderr } = await workspace().dist(['config', 'check', 'dist.yaml'])
    const [first, second, ...more] = stdout.trimEnd().split('\n')
    expect(first).toBe('dist.yaml:4:21: mirrors[0].tags.newest: a whole number from 1 to 100000 is expected')
    expect(second).toMatch(
      /^dist\.yaml:5:25: mirrors\[1\]: unknown key platform: allowed are name, from, tags, /,
    )
    expect([more, code, stderr]).toEqual([[], 2, ''])
  })

  it('prints objects with --json, for several files in all languages and for stdin', async () => {
    workspace().file('a.json', '{ "version": 1, "mirrors": [] }')
    workspace().file('b.toml', 'version = 1\nmirrors = 1\n')
    const ended = await workspace().dist(['config', 'check', '--json', 'a.json', 'b.toml', '-'], {
      stdin: wrong,
    })
    expect(jsonLines(ended.stdout)).toEqual([
      { file: 'a.json', mirrors: 0 },
      { file: 'b.toml', line: 2, column: 11, error: 'mirrors: a list of mirrors is expected' },
      expect.objectContaining({ file: 'stdin', line: 4, column: 21 }),
      expect.objectContaining({ file: 'stdin', line: 5, column: 25 }),
    ])
    expect(ended.code).toBe(2)
  })

  it('resolves variables in the environment', async () => {
    workspace().file('dist.yaml', right)
    const unset = await workspace().dist(['config', 'check', 'dist.yaml'])
    expect(unset).toMatchObject({ code: 2, stdout: 'dist.yaml:3:13: the variable HOST_OF_TEST is not set\n' })
    const set = await workspace().dist(['config', 'check', 'dist.yaml'], { env: { HOST_OF_TEST: 'q.io' } })
    expect(set).toMatchObject({ code: 0, stdout: 'dist.yaml: valid, 1 mirror\n', stderr: '' })
  })

  it('refuses a list of references, and a file that is missing', async () => {
    workspace().file('refs.txt', 'alpine\n')
    const list = await workspace().dist(['config', 'check', 'refs.txt'])
    expect(list).toMatchObject({ code: 2, stdout: '' })
    expect(list.stderr).toContain('refs.txt: a file of this name is a list of references')
    expect((await workspace().dist(['config', 'check', 'none.yaml'])).stderr).toContain('no such file')
  })
})

it('dist config schema prints the JSON Schema, which has the keys of the format', async () => {
  const { code, stdout } = await workspace().dist(['config', 'schema'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout).properties).toHaveProperty('mirrors.items.properties.tags')
  const onOneLine = await workspace().dist(['config', 'schema', '--json'])
  expect(jsonLines(onOneLine.stdout)).toEqual([JSON.parse(stdout)])
})

it('dist config alone prints its help, with exit code 2', async () => {
  const { code, stderr } = await workspace().dist(['config'])
  expect(code).toBe(2)
  expect(stderr).toContain('config schema')
})

describe('dist config import', () => {
  const regsync = `version: 1
creds:
  - { registry: r.example, user: robot, pass: hunter2 }
sync:
  - source: docker.io/library/python
    target: r.example/python
    type: repository
    tags: { allow: [3.10] }
    interval: 12h
`

  it('prints a mirror file that is valid, and remarks with lines on stderr', async () => {
    workspace().file('regsync.yml', regsync)
    const { code, stdout, stderr } = await workspace().dist(['config', 'import', 'regsync.yml'])
    expect(code).toBe(0)
    expect(stdout).toContain('from: docker.io/library/python')
    expect(stdout).toContain('every: 12h')
    expect(stdout + stderr).not.toContain('hunter2')
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^dist: regsync\.yml:3:47: the password is not copied: put it into the file r\.example\.password/,
      ),
      expect.stringMatching(
        /^dist: regsync\.yml:8:21: regsync reads 3\.10 without quotes as 3\.1, .* "3\.10"\?$/,
      ),
    ])
    const checked = await workspace().dist(['config', 'check', '-'], { stdin: stdout })
    expect(checked).toMatchObject({ code: 0, stdout: 'stdin: valid, 1 mirror\n' })
  })

  it('writes a new file, and never over an existing one', async () => {
    const args = ['config', 'import', '--json', '-o', 'dist.yaml', '-']
    const first = await workspace().dist(args, { stdin: regsync })
    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(jsonLines(first.stderr)).toContainEqual(
      expect.objectContaining({ file: 'stdin', line: 8, column: 21 }),
    )
    expect((await workspace().dist(['config', 'check', 'dist.yaml'])).stdout).toBe(
      'dist.yaml: valid, 1 mirror\n',
    )
    const second = await workspace().dist(
      args.filter((arg) => arg !== '--json'),
      { stdin: regsync },
    )
    expect(second).toMatchObject({ code: 1, stderr: 'dist: dist.yaml: exists already; give another file\n' })
  })

  it('takes the tool from --from when the content does not tell it, and refuses what is not YAML', async () => {
    const unknown = await workspace().dist(['config', 'import', '-'], { stdin: 'a: 1\n' })
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('--from regsync, skopeo, image-syncer, dregsy')
    const told = await workspace().dist(['config', 'import', '--from', 'dregsy', '-'], { stdin: 'a: 1\n' })
    expect(told.code).toBe(0)
    const broken = await workspace().dist(['config', 'import', '-'], { stdin: 'a: [\n' })
    expect(broken).toMatchObject({ code: 2, stdout: '' })
    expect(broken.stderr).toMatch(/^dist: stdin:2:1: /)
  })
})
