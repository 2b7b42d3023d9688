import type { ContentStore } from '@dist/content'
import { afterEach, beforeEach, describe } from 'vitest'
import { writersCommit } from './commit.js'
import { writersFail } from './fail.js'
import { storesManage } from './manage.js'
import { writersRace } from './race.js'
import { storesRead } from './read.js'
import { writersVerify } from './verify.js'

/** An empty store for one test. */
export interface ContentFixture {
  readonly store: ContentStore
  /** Removes what the test has left, writers that are still open included. */
  close(): Promise<void>
}

/** The store of the test that runs. */
export type Current = () => ContentStore

/**
 * What every content store has to do, whatever it stands on. All writes say which digest is expected, since some
 * stores cannot do without.
 */
export function contentSuite(name: string, factory: () => Promise<ContentFixture>): void {
  describe(`${name} as a content store`, () => {
    const current = eachTest(factory)
    describe('commits', () => writersCommit(current))
    describe('verifies', () => writersVerify(current))
    describe('reads', () => storesRead(current))
    describe('survives failures', () => writersFail(current))
    describe('lets writers race', () => writersRace(current))
    describe('manages', () => storesManage(current))
  })
}

/** Opens a fixture before each test of the surrounding `describe` and closes it after. */
export function eachTest(factory: () => Promise<ContentFixture>): Current {
  let fixture: ContentFixture | undefined
  beforeEach(async () => {
    fixture = await factory()
  })
  afterEach(async () => {
    await fixture?.close()
    fixture = undefined
  })
  return () => {
    if (fixture === undefined) throw new Error('no test runs')
    return fixture.store
  }
}
