import { existsSync, readFileSync } from 'node:fs'
import { hostPlatform } from '@dist/oci'
import {
  type FixtureImage,
  type FixtureLayer,
  ociImage,
  type TarEntry,
  tarLayer,
} from '@dist/testkit/fixtures'

const binary = '/bin/busybox'
const applets = ['sh', 'ls', 'cat', 'echo', 'id', 'env', 'pwd', 'hostname', 'sleep', 'stat', 'true']

/** A layer with Debian's static busybox and the accounts of the tests. */
function busyboxLayer(): FixtureLayer {
  if (!existsSync(binary)) throw new Error('busybox is missing: apt-get install busybox-static')
  const links: TarEntry[] = applets.map((applet) => ({ path: `bin/${applet}`, link: 'busybox' }))
  return tarLayer([
    { path: 'bin', type: 'directory' },
    { path: 'bin/busybox', content: readFileSync(binary), mode: 0o755 },
    ...links,
    { path: 'etc', type: 'directory' },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:Web:/srv/www:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\nweb:x:34:\nmedia:x:90:other,web\nlogs:x:91:web\n' },
    { path: 'srv', type: 'directory' },
    { path: 'srv/www', type: 'directory', uid: 33, gid: 34 },
    { path: 'tmp', type: 'directory', mode: 0o1777 },
  ])
}

/** An image of this machine's platform with busybox and these members of `config`. */
export function busyboxImage(config: object, more: readonly FixtureLayer[] = []): FixtureImage {
  const layers = [busyboxLayer(), ...more]
  return ociImage({ layers, platform: hostPlatform(), config: { config } })
}
