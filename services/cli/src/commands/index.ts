import type { Command } from 'commander'
import type { Context } from '../context.js'
import { abortCommand } from './abort.js'
import { activeCommand } from './active.js'
import { applyCommand } from './apply.js'
import { bundleCommand } from './bundle.js'
import { cancelCommand } from './cancel.js'
import { coordinatorCommand } from './coordinator.js'
import { copyCommand } from './copy.js'
import { dashboardCommand } from './dashboard.js'
import { deleteCommand } from './delete.js'
import { exportCommand } from './export.js'
import { fetchCommand } from './fetch.js'
import { imagesCommand } from './images.js'
import { importCommand } from './import.js'
import { ingestCommand } from './ingest.js'
import { inspectCommand } from './inspect.js'
import { listCommand } from './list.js'
import { mirrorCommand } from './mirror.js'
import { pathCommand } from './path.js'
import { pullCommand } from './pull.js'
import { pushCommand } from './push.js'
import { resolveCommand } from './resolve.js'
import { retryCommand } from './retry.js'
import { runsCommand } from './runs.js'
import { snapshotsCommand } from './snapshots.js'
import { statusCommand } from './status.js'
import { sweepCommand } from './sweep.js'
import { tagCommand } from './tag.js'
import { unpackCommand } from './unpack.js'
import { verifyCommand } from './verify.js'
import { workerCommand } from './worker.js'

/** Makes one command; its action hands its exit code to `onExit`. */
export type Define = (context: Context, onExit: (code: number) => void) => Command

/** All commands, in the order of the help. */
export const commands: readonly Define[] = [
  pullCommand,
  mirrorCommand,
  pushCommand,
  copyCommand,
  imagesCommand,
  inspectCommand,
  tagCommand,
  unpackCommand,
  bundleCommand,
  snapshotsCommand,
  exportCommand,
  importCommand,
  resolveCommand,
  fetchCommand,
  ingestCommand,
  activeCommand,
  abortCommand,
  sweepCommand,
  listCommand,
  pathCommand,
  deleteCommand,
  applyCommand,
  verifyCommand,
  runsCommand,
  statusCommand,
  retryCommand,
  cancelCommand,
  coordinatorCommand,
  workerCommand,
  dashboardCommand,
]
