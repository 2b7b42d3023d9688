import { availableParallelism } from 'node:os'
import type * as z from 'zod'
import { collectionsSchema, measurementsSchema } from './due.js'
import { notifyTargetsSchema } from './notify-targets.js'
import { dashboardShape } from './shapes/dashboard.js'
import { settingDocs } from './shapes/docs.js'
import { registryShape } from './shapes/registry.js'
import { healthAddress, mirrorShape, queueShape } from './shapes/shared.js'
import { count, size, text } from './values.js'

export { docOf, type SettingDoc } from './shapes/docs.js'

/** The settings of each service. Settings with the same name have the same meaning in all services, except `listen`. */
export const serviceShapes = {
  coordinator: {
    ...queueShape,
    ...mirrorShape,
    listen: healthAddress(9464),
    concurrency: count(1024).prefault(16).register(settingDocs, {
      description:
        'Maximum number of images of one registry that are planned at the same time. The maximum over all registries is four times as high (with 1, it is 1).',
      placeholder: '<n>',
    }),
    mirrorFile: text.optional().register(settingDocs, {
      description:
        'A [mirror file](mirroring.md) whose schedules the coordinator puts into the queue, as `dist schedule apply` does: at its start, when the file changes, and when Redis has lost them. The file may have variables, and no `registries`.',
      placeholder: '<file>',
    }),
    gc: collectionsSchema.optional().register(settingDocs, {
      description:
        'Coordinators [collect garbage](operations.md#free-space) by themselves at these times: `schedule` and `time-zone`, or `every`, as in [mirror files](mirroring.md#when-schedule-every), and `grace` (default `24h`), as of `dist gc`. It is the schedule `gc` of `dist schedule list`. Without it, the schedule is removed when a coordinator starts. All coordinators have the same.',
      placeholder: '',
      fileOnly: true,
    }),
    df: measurementsSchema.optional().register(settingDocs, {
      description:
        'Coordinators measure the store by themselves at these times, for the [dashboard](dashboard.md) and the [API](api.md): `schedule` and `time-zone`, or `every`, as in [mirror files](mirroring.md#when-schedule-every). A measurement reads all manifests. An interval counts from the last one, whoever asked for it. All coordinators have the same.',
      placeholder: '',
      fileOnly: true,
    }),
    notifyTargets: notifyTargetsSchema.optional().register(settingDocs, {
      description:
        'Webhooks by name, which `notify` in mirror files names: `url`, `secret-file`, `addresses`, `ca-file`. See [being told](operations.md#being-told). Values may have variables. Paths are relative to the folder of the settings file. All coordinators have the same.',
      placeholder: '',
      fileOnly: true,
    }),
  },
  worker: {
    ...queueShape,
    ...mirrorShape,
    listen: healthAddress(9465),
    concurrency: count(1024)
      .default(() => Math.min(64, Math.max(8, 4 * availableParallelism())))
      .register(settingDocs, {
        description:
          'Maximum number of blobs of one registry that are fetched at the same time. The maximum over all registries is four times as high (with 1, it is 1). Blobs for which `memory` has no room wait.',
        placeholder: '<n>',
        defaultText: '4 per processor, at least 8, at most 64',
      }),
    memory: size(32 * 2 ** 20, '32MiB')
      .prefault('256MiB')
      .register(settingDocs, {
        description:
          'Maximum number of bytes of blobs in memory. The process uses at most 150 MB more than this.',
        placeholder: '<size>',
      }),
    name: text.optional().register(settingDocs, {
      description: 'Name of this worker in logs and in the list of active writes (`dist active`).',
      placeholder: '<name>',
      defaultText: 'host name and process id',
    }),
  },
  dashboard: dashboardShape,
  registry: registryShape,
} as const

export type ServiceName = keyof typeof serviceShapes
type Shape<Name extends ServiceName> = z.ZodObject<(typeof serviceShapes)[Name]>

/** The values of all settings of a service. */
export type Settings<Name extends ServiceName> = z.output<Shape<Name>>

/** The flags of a command line: text as users write it, by the names of the settings. All are optional. */
export type Flags<Name extends ServiceName> = Omit<
  z.input<Shape<Name>>,
  'queuePassword' | 'password' | 'registries' | 'notifyTargets' | 'hooks' | 'gc' | 'df'
> & {
  /** A YAML, TOML or JSON file with settings. Default: `DIST_CONFIG`. */
  config?: string | undefined
}

/** The settings that several services have. In a file they stand at the top level. */
export const sharedKeys: ReadonlySet<string> = new Set([
  ...Object.keys(queueShape),
  ...Object.keys(mirrorShape),
])
