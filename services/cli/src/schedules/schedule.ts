import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { openQueue, requiredQueue } from '../open/queue.js'
import { type QueueOptions, withOutput, withQueue, withTable } from '../options.js'
import { applyFile } from './apply.js'
import { change, runNow } from './change.js'
import { listSchedules } from './list.js'

const examples = `
An entry of a mirror file with schedule or every is mirrored by the services of a queue at its times, one run of it at a time.
Without a queue dist mirror -f dist.yaml --watch does the same.

Examples:
  $ dist schedule apply -f dist.yaml
  $ dist schedule list
  $ dist schedule run nightly`

const applyExamples = `
Adds and changes the schedules of the entries, and removes those that an earlier version of the file had. The file is known by
its key name, else by its path. An unchanged schedule is not touched.

Examples:
  $ dist schedule apply -f dist.yaml
  $ dist schedule apply -f dist.yaml --queue redis://10.0.0.5:6379`

const listExamples = `
NEXT is the time of the next run, LAST tells how long ago the last one was started.

Examples:
  $ dist schedule list
  $ dist schedule list --json | jq -r 'select(.run.state == "failed").run.id' | xargs -rn1 dist retry`

const runExamples = `
The times of the schedule stay. A run of it that is still going is not started again.

Examples:
  $ dist schedule run nightly`

const pauseExamples = `
What is due while a schedule is paused is not made up for. Runs that it has started go on.

Examples:
  $ dist schedule pause nightly`

const resumeExamples = `
Examples:
  $ dist schedule resume nightly`

const removeExamples = `
Runs that it has started go on. The next dist schedule apply of a file that has the entry adds the schedule again.

Examples:
  $ dist schedule remove nightly`

export const scheduleCommand: Define = (context, onExit, loadTree) => {
  const define = (command: Define) => command(context, onExit, loadTree)
  return withQueue(withOutput(new Command('schedule')))
    .addHelpText('after', examples)
    .addCommand(define(applyCommand))
    .addCommand(define(listCommand))
    .addCommand(define(runCommand))
    .addCommand(define(pauseCommand))
    .addCommand(define(resumeCommand))
    .addCommand(define(removeCommand))
}

const applyCommand: Define = (context, onExit) =>
  withQueue(withOutput(new Command('apply')))
    .description('put the schedules of a mirror file into the queue')
    .requiredOption('-f, --file <file>', 'a mirror file; - is stdin')
    .option('--force', 'also take over schedules that another mirror file has')
    .addHelpText('after', applyExamples)
    .action(async (_options, command: Command) => onExit(await applyFile(context, command.optsWithGlobals())))

const listCommand: Define = (context, onExit) =>
  withTable(withQueue(withOutput(new Command('list'))))
    .description('list the schedules of the queue')
    .addHelpText('after', listExamples)
    .action(async (_options, command: Command) =>
      onExit(await listSchedules(context, command.optsWithGlobals())),
    )

const runCommand: Define = (context, onExit) =>
  named('run', 'start a run of a schedule now', runExamples).action(
    async (names: string[], _options, command: Command) =>
      onExit(await runNow(context, names, command.optsWithGlobals())),
  )

const pauseCommand: Define = (context, onExit) =>
  named('pause', 'have schedules start no runs', pauseExamples).action(changing('pause', context, onExit))

const resumeCommand: Define = (context, onExit) =>
  named('resume', 'have paused schedules start runs again', resumeExamples).action(
    changing('resume', context, onExit),
  )

const removeCommand: Define = (context, onExit) =>
  named('remove', 'remove schedules from the queue', removeExamples).action(
    changing('remove', context, onExit),
  )

function named(name: string, description: string, help: string): Command {
  return withQueue(withOutput(new Command(name)))
    .description(description)
    .argument('<name...>', 'schedules, as dist schedule list shows them')
    .addHelpText('after', help)
}

function changing(what: 'pause' | 'resume' | 'remove', context: Context, onExit: (code: number) => void) {
  return async (names: string[], _options: QueueOptions, command: Command) => {
    const options: QueueOptions = command.optsWithGlobals()
    await using queue = await openQueue(await requiredQueue(options, context.env), context)
    onExit(await change(context, names, options, what, queue.schedules()))
  }
}
