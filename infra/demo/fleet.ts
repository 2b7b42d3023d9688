import { hostPlatform } from '@dist/oci'
import {
  type FixtureImage,
  type FixtureLayer,
  imageIndex,
  ociImage,
  seededLayer,
} from '@dist/testkit/fixtures'
import { busyboxLayer, command, greeting, type Sample } from './images.js'

/** Images of one kind. */
export interface Squad {
  /** As the reader sees them, such as `shop/*`. */
  readonly names: string
  readonly what: string
  readonly samples: readonly Sample[]
}

const KiB = 1024
const MiB = 1024 * KiB
const host = hostPlatform()
const other = { os: 'linux', architecture: host.architecture === 'arm64' ? 'amd64' : 'arm64' }
const versions = ['1.0', '1.1', '2.0']

/** What of a company's registry looks like: 40 images, most of them little more than what is below them. */
export function fleet(): readonly Squad[] {
  const slim = layer('slim', 4 * MiB)
  const debian = layer('debian', 12 * MiB)
  const node = [debian, layer('node', 16 * MiB)]
  const python = [debian, layer('python', 14 * MiB)]
  const jvm = [slim, layer('jvm', 18 * MiB)]
  return [
    squad('base/*', 'two operating systems, below all others', [
      sample('base/debian:12', debian),
      sample('base/slim:3', slim),
    ]),
    squad('shop/*', '4 services in 3 versions, on a node runtime', services('shop', node)),
    squad('bank/*', '4 services in 3 versions, on a Java runtime', services('bank', jvm)),
    squad('data/*', '4 services in 3 versions, on a Python runtime', services('data', python)),
    squad(
      'tools/cli:3',
      `a busybox; an index of linux/${host.architecture} and linux/${other.architecture}`,
      [{ name: 'tools/cli:3', what: 'index', image: tools(slim) }],
    ),
    squad('data/model:7b', 'one large layer', [sample('data/model:7b', ...python, layer('model', 40 * MiB))]),
  ]
}

function squad(names: string, what: string, samples: readonly Sample[]): Squad {
  return { names, what, samples }
}

/** Four services; each version has one own layer above one that the versions of a service share. */
function services(team: string, below: readonly FixtureLayer[]): Sample[] {
  return ['web', 'api', 'jobs', 'mail'].flatMap((service, i) => {
    const name = `${team}/${service}`
    const libraries = layer(`${name} libraries`, (512 + 256 * i) * KiB)
    return versions.map((version) =>
      sample(`${name}:${version}`, ...below, libraries, layer(`${name} ${version}`, (256 + 128 * i) * KiB)),
    )
  })
}

function tools(below: FixtureLayer): FixtureImage {
  const foreign = layer('slim for another architecture', 4 * MiB)
  return imageIndex([
    ociImage({ layers: [below, busyboxLayer(), greeting('hello')], platform: host, config: command }),
    ociImage({ layers: [foreign, layer('cli for another architecture', MiB)], platform: other }),
  ])
}

function sample(name: string, ...layers: FixtureLayer[]): Sample {
  return {
    name,
    what: '',
    image: ociImage({ layers, platform: host, config: { config: { Labels: { name } } } }),
  }
}

function layer(seed: string, size: number): FixtureLayer {
  return seededLayer(seed, size)
}
