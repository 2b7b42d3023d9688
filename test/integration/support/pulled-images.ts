import { indexImage, pushImage, singleImage } from '@dist/testkit/fixtures'
import { useRegistry } from './servers.js'
import { usePulledStore, useWorkspace } from './workspace.js'

/**
 * A registry with `single:1` and `index:1`, and a store for each test of the file that has pulled both. `options`: of the pull.
 * `single`, `index`: their references.
 */
export function usePulledImages(...options: readonly string[]) {
  const registry = useRegistry(async ({ url }) => {
    await pushImage(url, 'single', '1', singleImage)
    await pushImage(url, 'index', '1', indexImage)
  })
  const workspace = useWorkspace()
  const single = () => `${registry().host}/single:1`
  const index = () => `${registry().host}/index:1`
  usePulledStore(workspace, () => [...options, single(), index()])
  return { registry, workspace, single, index, dist: (...args: string[]) => workspace().dist(args) }
}
