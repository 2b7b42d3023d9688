import { faults, type ScriptedRegistry, startRegistry } from '@dist/testkit'
import { ociImage, seededLayer, singleImage } from '@dist/testkit/fixtures'
import { openQueue, type Queue } from '@dist/wiring/queue'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'
import { type DurableRedis, startDurableRedis } from './durable-redis.js'
import { startService } from './services.js'
import { startServices } from './services-queue.js'
import { Workspace } from './workspace.js'

/** The user of the dashboard. */
const user = { name: 'ops', password: 'secret' }

/** Markup in a tag would be no reference, so that its image fails with it in the message. */
export const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>'

/** A dashboard with services, a registry that misbehaves, and a browser, for all tests of a file. */
export class PageWorld implements AsyncDisposable {
  /** What pages have done that none may do: requests to other hosts, scripts of texts, dialogs, errors. */
  readonly breaches: string[] = []

  private constructor(
    readonly url: string,
    readonly redis: DurableRedis,
    readonly queue: Queue,
    readonly registry: ScriptedRegistry,
    readonly workspace: Workspace,
    private readonly browser: Browser,
    private readonly page: Page,
  ) {
    this.#watch(page, url)
  }

  static async start(): Promise<PageWorld> {
    const workspace = new Workspace()
    const [redis, registry, browser] = await Promise.all([
      startDurableRedis(),
      startRegistry({ referrers: 10 }),
      chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] }),
    ])
    const env = { DIST_QUEUE: redis.url, DIST_DASHBOARD_PASSWORD: user.password }
    const args = ['--user', user.name]
    const url = await startService(workspace, 'dashboard', { env, args }).url()
    const page = await (await browser.newContext()).newPage()
    await page.goto(url)
    await signIn(page, user.name, user.password)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    return new PageWorld(url, redis, await openQueue(redis.url, {}), registry, workspace, browser, page)
  }

  /** Starts a coordinator and a worker. */
  async startServices(): Promise<void> {
    await startServices(this.workspace, this.redis.url)
  }

  /** Opens a place in the browser's page. */
  async open(path: string): Promise<Page> {
    await this.page.mouse.move(0, 0)
    await this.page.goto(this.url + path)
    return this.page
  }

  /** Opens a place of another dashboard of the same queue, which has no user. */
  async openReadOnly(path: string): Promise<Page> {
    const env = { DIST_QUEUE: this.redis.url }
    const url = await startService(this.workspace, 'dashboard', { env }).url()
    const page = await this.page.context().newPage()
    this.#watch(page, url)
    await page.goto(url + path)
    return page
  }

  /** Opens a place of another dashboard of the same queue, which has these users, in a browser that knows nothing of it. */
  async openWithUsers(path: string, lines: readonly string[]): Promise<Page> {
    const usersFile = this.workspace.file('users', `${lines.join('\n')}\n`)
    const env = { DIST_QUEUE: this.redis.url }
    const args = ['--users-file', usersFile]
    const url = await startService(this.workspace, 'dashboard', { env, args }).url()
    const page = await (await this.browser.newContext()).newPage()
    this.#watch(page, url)
    await page.goto(url + path)
    return page
  }

  /** Puts an image into the registry; resolves to its reference. `size`: of its layer, in bytes. */
  put(repository: string, size = 0): string {
    const image = size === 0 ? singleImage : ociImage({ layers: [seededLayer(repository, size)] })
    this.registry.content.putImage(repository, '1', image)
    return `${this.registry.host}/${repository}:1`
  }

  /** A run with images that are there, that are not, and one with markup as its name. */
  submitFailing(): Promise<string> {
    const { host } = this.registry
    const absent = ['absent/one:1', 'absent/two:1', 'absent/three:1'].map((name) => `${host}/${name}`)
    return this.submit([this.put('team/web'), this.put('team/api', 4096), ...absent, markup])
  }

  /** A run whose large layer comes slowly. */
  submitSlow(): Promise<string> {
    const reference = this.put('team/large', 40 * 2 ** 20)
    this.registry.script({ path: '/v2/team/large/blobs/' }, faults.drippingBody(64 * 1024, 100))
    return this.submit([this.put('team/small', 100_000), reference])
  }

  submit(references: readonly string[]): Promise<string> {
    return this.queue.runs.submit({ references, platforms: 'all' })
  }

  #watch(page: Page, url: string): void {
    page.on('dialog', (dialog) => {
      this.breaches.push(`a dialog: ${dialog.message()}`)
      return dialog.dismiss()
    })
    page.on('pageerror', (error) => this.breaches.push(`an error: ${error.stack}`))
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted Type/.test(message.text())) this.breaches.push(message.text())
    })
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${url}/`))
        this.breaches.push(`a request to ${request.url()}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
    await this.queue[Symbol.asyncDispose]()
    this.workspace.remove()
    await this.registry[Symbol.asyncDispose]()
    await this.redis.stop()
  }
}

/** Signs in by the form, which stands in place of any view, with the keyboard alone: the form has the focus. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.keyboard.type(name)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

/** One world for all tests of the file. */
export async function usePageWorld(): Promise<PageWorld> {
  const world = await PageWorld.start()
  afterAll(() => world[Symbol.asyncDispose]())
  return world
}
