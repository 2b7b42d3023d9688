import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { waitFor } from '@dist/testkit/servers'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { program } from './program.js'

/** The result of a command. */
export interface Ended {
  /** Undefined when a signal killed it. */
  readonly code: number | undefined
  readonly stdout: string
  /** The bytes of `stdout`. */
  readonly bytes: Buffer
  readonly stderr: string
}

export interface RunOptions {
  /** Default: empty. */
  readonly stdin?: string | Uint8Array | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** A running command. Its input is `child.stdin`. */
export interface Running {
  readonly child: ChildProcess
  /** What it wrote to stderr so far. */
  stderr(): string
  /** What it wrote to stdout so far. */
  stdout(): string
  readonly ended: Promise<Ended>
  /** Resolves once stdout or stderr has the text. */
  said(text: string): Promise<void>
}

/** Separate folders for one test: a store and a home; of the machine it uses the programs only. */
export class Workspace {
  readonly root = mkdtempSync(join(tmpdir(), 'dist-command-'))
  readonly store = join(this.root, 'store')
  readonly home = join(this.root, 'home')
  readonly #running = new Set<ChildProcess>()

  constructor() {
    mkdirSync(join(this.root, 'bin'))
    mkdirSync(this.home)
    symlinkSync(program(), join(this.root, 'bin', 'dist'))
  }

  get env(): Record<string, string> {
    return {
      PATH: `${join(this.root, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_DATA_HOME: join(this.home, 'data'),
      DOCKER_CONFIG: join(this.home, 'docker'),
      DIST_STORE: this.store,
      TMPDIR: this.root,
    }
  }

  /** Runs `dist` to its end. */
  dist(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.#run(process.execPath, [program(), ...args], options)
  }

  /** Runs a script of bash in which `dist` is the command, to its end. */
  shell(script: string, options: RunOptions = {}): Promise<Ended> {
    return this.#run('bash', ['-c', script], options)
  }

  /** Starts `dist`; killed at the end of the test if it still runs. */
  start(args: readonly string[], options: Pick<RunOptions, 'env'> = {}): Running {
    return this.#spawn(process.execPath, [program(), ...args], options)
  }

  /** Starts a script of bash, as `start`. */
  startShell(script: string, options: Pick<RunOptions, 'env'> = {}): Running {
    return this.#spawn('bash', ['-c', script], options)
  }

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.root, name)
    writeFileSync(path, content)
    return path
  }

  remove(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 })
  }

  #run(command: string, args: readonly string[], { stdin = '', env = {} }: RunOptions): Promise<Ended> {
    const { child, ended } = this.#spawn(command, args, { env })
    child.stdin?.end(stdin)
    return ended
  }

  #spawn(command: string, args: readonly string[], { env = {} }: Pick<RunOptions, 'env'>): Running {
    const child = spawn(command, args, {
      cwd: this.root,
      env: { ...this.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    // Some commands do not read to the end.
    child.stdin.on('error', () => {})
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    const stdout = () => Buffer.concat(output).toString()
    const stderr = () => Buffer.concat(errors).toString()
    const ended = once(child, 'close').then(([code]): Ended => {
      this.#running.delete(child)
      return { code: code ?? undefined, stdout: stdout(), bytes: Buffer.concat(output), stderr: stderr() }
    })
    const isSaid = (text: string) => stdout().includes(text) || stderr().includes(text)
    // On a busy machine a service takes long to start.
    const said = (text: string) => waitFor(() => isSaid(text), `"${text}" from ${args.join(' ')}`, 50_000)
    return { child, stdout, stderr, ended, said }
  }
}

/** A new workspace for each test of the file. */
export function useWorkspace(): () => Workspace {
  let workspace: Workspace | undefined
  beforeEach(() => {
    workspace = new Workspace()
  })
  afterEach(() => workspace?.remove())
  return () => {
    if (workspace === undefined) throw new Error('outside of a test')
    return workspace
  }
}

/**
 * Gives each test of the file, or of the group that calls it, a copy of one store: that of a `dist pull` with each of these
 * lists of arguments, which run once, before the first test.
 */
export function usePulledStore(workspace: () => Workspace, ...pulls: (() => readonly string[])[]): void {
  const template = new Workspace()
  beforeAll(async () => {
    for (const args of pulls) {
      const { code, stderr } = await template.dist(['pull', ...args()])
      expect(code, stderr).toBe(0)
    }
  })
  beforeEach(() => cpSync(template.store, workspace().store, { recursive: true, preserveTimestamps: true }))
  afterAll(() => template.remove())
}

/** The JSON objects of `--json`, one per line. */
export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

/** The results of images in the order of these names: without a queue `dist mirror` reports them as they end. */
export function inOrder<T extends { readonly name: string }>(
  results: readonly T[],
  names: readonly string[],
): T[] {
  return results.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
}

/** The lines of a text, without the empty one behind its end. */
export function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}
