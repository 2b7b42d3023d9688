import type { ImageConfig } from '../config.js'

/**
 * The annotations that an image's configuration makes: what it says of itself, and its labels, which win. OCI image
 * spec, "Conversion to OCI Runtime Configuration".
 */
export function annotationsOf(config: ImageConfig): Record<string, string> {
  const { run } = config
  const implicit: [string, string | undefined][] = [
    ['os', config.os],
    ['architecture', config.architecture],
    ['variant', config.variant],
    ['os.version', config.osVersion],
    ['os.features', config.osFeatures?.join(',')],
    ['author', config.author],
    ['created', config.created],
    ['stopSignal', run.stopSignal],
    ['exposedPorts', run.exposedPorts?.join(',')],
  ]
  const said = implicit.flatMap(([name, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[`org.opencontainers.image.${name}`, value]],
  )
  return Object.fromEntries([...said, ...Object.entries(run.labels ?? {})])
}
