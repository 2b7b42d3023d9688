// Runs in a separate process: child.ts <root> <what> <arguments as JSON>
import { openLocalStore } from '@dist/content-local'
import { codeOf } from '@dist/errdefs'
import { digestOf } from '@dist/oci'
import { seededBuffer } from '@dist/testkit/fixtures'
import { type FileOperations, nodeFiles } from '../src/files/operations.js'

/** Just before or just after the n-th of these calls, from 1. */
export interface Point {
  when: 'before' | 'after'
  call: keyof FileOperations
  nth: number
}

export interface WriteTask {
  ref: string
  seed: string
  size: number
  killAt?: Point | undefined
}

const [root = '', what = '', text = '{}'] = process.argv.slice(2)

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal ends the process at once. The loop is for the compiler.
  for (;;);
}

/** The real file operations, which kill this process at one point. */
function killingFiles({ when, call, nth }: Point): FileOperations {
  let count = 0
  const step = nodeFiles[call] as (...parameters: unknown[]) => Promise<unknown>
  const killing = async (...parameters: unknown[]) => {
    const now = ++count === nth
    if (now && when === 'before') die()
    const result = await step(...parameters)
    if (now) die()
    return result
  }
  return { ...nodeFiles, [call]: killing }
}

async function write({ ref, seed, size, killAt }: WriteTask): Promise<string> {
  const content = seededBuffer(seed, size)
  const store = await openLocalStore(root, killAt === undefined ? {} : { files: killingFiles(killAt) })
  const expected = { digest: digestOf(content), size }
  try {
    await using writer = await store.content.writer(ref, expected)
    const { offset } = writer.status
    for (let at = offset; at < size; at += 65_536) await writer.write(content.slice(at, at + 65_536))
    await writer.commit()
    return `committed from ${offset}`
  } catch (error) {
    return codeOf(error)
  }
}

async function writeTwice({ ref, ...task }: WriteTask): Promise<string> {
  return (await Promise.all(['a', 'b'].map((own) => write({ ref: `${ref}${own}`, ...task })))).join(', ')
}

async function hold({ key }: { key: string }): Promise<string> {
  const store = await openLocalStore(root)
  await store.locker.acquire(key)
  process.stdout.write('held\n')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  return 'never released'
}

/** Increments a counter in a file that only the lock protects. */
async function count({ key, file, times }: { key: string; file: string; times: number }): Promise<string> {
  const { readFileSync, writeFileSync } = await import('node:fs')
  const store = await openLocalStore(root)
  for (let i = 0; i < times; i++) {
    await using _ = await store.locker.acquire(key)
    const before = Number(readFileSync(file, 'utf8'))
    await new Promise((resolve) => setImmediate(resolve))
    writeFileSync(file, String(before + 1))
  }
  return 'counted'
}

async function names({ prefix, times }: { prefix: string; times: number }): Promise<string> {
  const store = await openLocalStore(root)
  const desc = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: digestOf(prefix), size: 3 }
  const put = (i: number) => store.names.put({ name: `${prefix}:${i}`, desc, selection: 'all' })
  for (let i = 0; i < times; i += 4) await Promise.all([0, 1, 2, 3].map((j) => put(i + j)))
  return (await store.names.get(`${prefix}:0`)).name
}

const tasks: Record<string, (task: never) => Promise<string>> = { write, writeTwice, hold, count, names }
process.stdout.write(`${await tasks[what]?.(JSON.parse(text) as never)}\n`)
