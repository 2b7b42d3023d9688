import { tools } from '@dist/sync'
import { Command, Option } from 'commander'
import type { Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { withOutput } from '../options.js'
import { checkFiles } from './check.js'
import { importConfig } from './import.js'
import { printSchema } from './schema.js'

const examples = `
A mirror file says what is mirrored, from where and where to: see docs/mirroring.md.

Examples:
  $ dist config import -o dist.yaml regsync.yml
  $ dist config check dist.yaml
  $ dist config schema > dist.schema.json`

const importExamples = `
Reads a file of regsync, skopeo sync, image-syncer or dregsy, and prints a mirror file that selects the same tags. stderr has a
remark for each line that has no equivalent or means something else. Passwords are never copied. The command does not replace
an existing file.

Examples:
  $ dist config import regsync.yml > dist.yaml
  $ dist config import --from skopeo -o dist.yaml sync.yml`

const checkExamples = `
Prints each mistake as file:line:column: message. Exit code 2: a file has mistakes. The name of a file tells its language:
*.yaml, *.yml, *.json or *.toml; - is YAML or JSON on stdin.

Examples:
  $ dist config check dist.yaml
  $ dist config check --json mirrors/*.toml | jq -r .line`

const schemaExamples = `
Editors complete and check a file that names the schema, such as the YAML server with this first line:
# yaml-language-server: $schema=dist.schema.json

Examples:
  $ dist config schema > dist.schema.json`

export const configCommand: Define = (context, onExit, loadTree) =>
  withOutput(new Command('config'))
    .addHelpText('after', examples)
    .addCommand(importCommand(context, onExit, loadTree))
    .addCommand(checkCommand(context, onExit, loadTree))
    .addCommand(schemaCommand(context, onExit, loadTree))

const importCommand: Define = (context, onExit) =>
  withOutput(new Command('import'))
    .description('make a mirror file of a file of another tool')
    .argument('<file>', 'a file of another tool; - is stdin')
    .addOption(new Option('--from <tool>', 'the tool (default: as the content tells)').choices(tools))
    .option('-o, --output <file>', 'write into this file instead of stdout')
    .addHelpText('after', importExamples)
    .action(async (file: string, _options, command: Command) =>
      onExit(await importConfig(context, file, command.optsWithGlobals())),
    )

const checkCommand: Define = (context, onExit) =>
  withOutput(new Command('check'))
    .description('report every mistake in mirror files')
    .argument('<file...>', 'mirror files; - is stdin')
    .addHelpText('after', checkExamples)
    .action(async (files: string[], _options, command: Command) =>
      onExit(await checkFiles(context, files, command.optsWithGlobals())),
    )

const schemaCommand: Define = (context, onExit) =>
  withOutput(new Command('schema'))
    .description('print the JSON Schema of mirror files')
    .addHelpText('after', schemaExamples)
    .action((_options, command: Command) => {
      printSchema(context, command.optsWithGlobals())
      onExit(exitCodes.done)
    })
