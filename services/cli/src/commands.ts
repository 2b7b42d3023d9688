import type { Define } from './context.js'

/** A command as `dist --help` lists it. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Imports the command's module: only the command that is called is loaded. */
  load(): Promise<Define>
}

/** All commands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'pull',
    summary: 'pull images, verified, into the store',
    load: async () => (await import('./images/pull.js')).pullCommand,
  },
  {
    name: 'mirror',
    summary: 'mirror many images, in this process or with the services of a queue',
    load: async () => (await import('./mirror/mirror.js')).mirrorCommand,
  },
  {
    name: 'config',
    summary: 'import files of other tools, check mirror files, print their JSON Schema',
    load: async () => (await import('./config/config.js')).configCommand,
  },
  {
    name: 'tags',
    summary: 'list the tags of a repository that filters select',
    load: async () => (await import('./tags/tags.js')).tagsCommand,
  },
  {
    name: 'push',
    summary: 'push images of the store to a registry',
    load: async () => (await import('./images/push.js')).pushCommand,
  },
  {
    name: 'copy',
    summary: 'copy an image from one registry to another',
    load: async () => (await import('./images/copy.js')).copyCommand,
  },
  {
    name: 'images',
    summary: 'list the images of the store; images rm removes their names',
    load: async () => (await import('./images/images.js')).imagesCommand,
  },
  {
    name: 'inspect',
    summary: 'show the parts of an image, and which of them are stored',
    load: async () => (await import('./images/inspect.js')).inspectCommand,
  },
  {
    name: 'tag',
    summary: 'give an image of the store another name',
    load: async () => (await import('./images/tag.js')).tagCommand,
  },
  {
    name: 'unpack',
    summary: 'unpack images of the store into root filesystems',
    load: async () => (await import('./rootfs/unpack.js')).unpackCommand,
  },
  {
    name: 'bundle',
    summary: 'create a runtime bundle of an image, for runc and other runtimes',
    load: async () => (await import('./rootfs/bundle.js')).bundleCommand,
  },
  {
    name: 'snapshots',
    summary: 'list the unpacked root filesystems; snapshots rm removes them',
    load: async () => (await import('./rootfs/snapshots.js')).snapshotsCommand,
  },
  {
    name: 'export',
    summary: 'write images of the store into an archive',
    load: async () => (await import('./archive/export.js')).exportCommand,
  },
  {
    name: 'import',
    summary: 'import the images of an archive, verified, into the store',
    load: async () => (await import('./archive/import.js')).importCommand,
  },
  {
    name: 'resolve',
    summary: 'resolve a reference at its registry',
    load: async () => (await import('./images/resolve.js')).resolveCommand,
  },
  {
    name: 'fetch',
    summary: 'write an object of a registry to stdout',
    load: async () => (await import('./content/fetch.js')).fetchCommand,
  },
  {
    name: 'ingest',
    summary: 'write stdin, verified, into the store',
    load: async () => (await import('./content/ingest.js')).ingestCommand,
  },
  {
    name: 'active',
    summary: 'show writes under way: ref, offset of total, age, speed',
    load: async () => (await import('./content/active.js')).activeCommand,
  },
  {
    name: 'abort',
    summary: 'discard interrupted writes',
    load: async () => (await import('./content/abort.js')).abortCommand,
  },
  {
    name: 'sweep',
    summary: 'discard writes that were interrupted long ago',
    load: async () => (await import('./content/sweep.js')).sweepCommand,
  },
  {
    name: 'list',
    summary: 'list the content of the store: digest, size, age',
    load: async () => (await import('./content/list.js')).listCommand,
  },
  {
    name: 'path',
    summary: 'print the location of content: digest, and path or S3 URL',
    load: async () => (await import('./content/path.js')).pathCommand,
  },
  {
    name: 'delete',
    summary: 'delete content from the store',
    load: async () => (await import('./content/delete.js')).deleteCommand,
  },
  {
    name: 'df',
    summary: 'show what the content of the store is needed for, and what can be freed',
    load: async () => (await import('./content/df.js')).dfCommand,
  },
  {
    name: 'gc',
    summary: 'delete content that no image needs, and abandoned writes',
    load: async () => (await import('./content/gc.js')).gcCommand,
  },
  {
    name: 'apply',
    summary: 'apply a layer to a directory',
    load: async () => (await import('./rootfs/apply.js')).applyCommand,
  },
  {
    name: 'verify',
    summary: 'verify stored content, and list the images that bad content affects',
    load: async () => (await import('./images/verify.js')).verifyCommand,
  },
  {
    name: 'runs',
    summary: 'list the runs of a queue',
    load: async () => (await import('./runs/runs.js')).runsCommand,
  },
  {
    name: 'status',
    summary: 'show the progress of a run, and what failed',
    load: async () => (await import('./runs/status.js')).statusCommand,
  },
  {
    name: 'retry',
    summary: 'run the failed and the canceled images of a run again',
    load: async () => (await import('./runs/retry.js')).retryCommand,
  },
  {
    name: 'cancel',
    summary: 'cancel a run',
    load: async () => (await import('./runs/cancel.js')).cancelCommand,
  },
  {
    name: 'schedule',
    summary: 'have the services of a queue mirror entries of a mirror file by themselves',
    load: async () => (await import('./schedules/schedule.js')).scheduleCommand,
  },
  {
    name: 'token',
    summary: 'make, list and revoke the tokens by which programs use the API',
    load: async () => (await import('./tokens/token.js')).tokenCommand,
  },
  {
    name: 'user',
    summary: 'make the lines of users who sign in to the dashboard',
    load: async () => (await import('./account/user.js')).userCommand,
  },
  {
    name: 'hosts',
    summary: 'show the limits, quotas and pauses of registries',
    load: async () => (await import('./hosts/hosts.js')).hostsCommand,
  },
  {
    name: 'login',
    summary: 'store credentials for a registry, once it has accepted them',
    load: async () => (await import('./account/login.js')).loginCommand,
  },
  {
    name: 'logout',
    summary: 'erase the credentials for a registry',
    load: async () => (await import('./account/logout.js')).logoutCommand,
  },
  {
    name: 'coordinator',
    summary: 'run a coordinator: it plans and publishes the images of a queue',
    load: async () => (await import('./services/services.js')).coordinatorCommand,
  },
  {
    name: 'worker',
    summary: 'run a worker: it fetches the blobs of a queue',
    load: async () => (await import('./services/services.js')).workerCommand,
  },
  {
    name: 'dashboard',
    summary: 'serve pages and an API: runs, failures, schedules, queues',
    load: async () => (await import('./services/services.js')).dashboardCommand,
  },
  {
    name: 'serve',
    summary: 'serve the images of the store as a registry, read-only',
    load: async () => (await import('./services/serve.js')).serveCommand,
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    load: async () => (await import('./completion/completion.js')).completionCommand,
  },
]
