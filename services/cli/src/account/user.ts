import { DistError } from '@dist/errdefs'
import { hashPassword, type Role, roles } from '@dist/sign-in'
import { Command, Option } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { type OutputOptions, withOutput } from '../options.js'
import { print, printJson } from '../output/print.js'
import { askPassword, readPassword } from './login.js'

const examples = `
Users sign in to dist dashboard, which reads them from the file of --users-file: a line for each. viewer looks. operator also
submits, retries and cancels runs, and starts schedules. admin does everything.

Examples:
  $ dist user hash ann --role operator >> users
  $ dist dashboard --users-file users`

const hashExamples = `
The line has a bcrypt hash, as those of htpasswd -B have, which may stand in the file as well. On a terminal, the password is
asked for.

Examples:
  $ dist user hash ann >> users
  $ pass show dist/ann | dist user hash ann --role admin --password-stdin >> users`

interface HashOptions extends OutputOptions {
  role: Role
  passwordStdin?: boolean | undefined
}

export const userCommand: Define = (context, onExit, loadTree) =>
  withOutput(new Command('user'))
    .addHelpText('after', examples)
    .addCommand(hashCommand(context, onExit, loadTree))

const hashCommand: Define = (context, onExit) =>
  withOutput(new Command('hash'))
    .description('print the line of a user')
    .argument('<name>', 'the name of the user')
    .addOption(new Option('--role <role>', 'what the user may do').choices(roles).default('viewer'))
    .option('--password-stdin', 'read the password from stdin')
    .addHelpText('after', hashExamples)
    .action(async (name: string, _options, command: Command) =>
      onExit(await hashUser(context, name, command.optsWithGlobals())),
    )

/** `dist user hash`: prints the line that a user has in a file of users. */
async function hashUser(
  context: Context,
  user: string,
  { role, passwordStdin, json }: HashOptions,
): Promise<number> {
  if (!/^[^:#\s][^:\r\n]*$/.test(user))
    throw new DistError(
      'INVALID_ARGUMENT',
      'the user name is empty, has a colon or a line end, or begins with "#" or a space',
    )
  const hash = await hashPassword(passwordStdin ? await readPassword(context) : await typedPassword(context))
  if (json) printJson(context, { user, role, hash })
  else print(context, `${user}:${hash}:${role}`)
  return exitCodes.done
}

async function typedPassword(context: Context): Promise<string> {
  if (!context.stdin.isTTY)
    throw new DistError('INVALID_ARGUMENT', 'stdin is not a terminal: give --password-stdin')
  const password = await askPassword(context)
  if (password === '') throw new DistError('INVALID_ARGUMENT', 'the password is empty')
  if ((await askPassword(context, 'The same again: ')) === password) return password
  throw new DistError('INVALID_ARGUMENT', 'the two passwords differ')
}
