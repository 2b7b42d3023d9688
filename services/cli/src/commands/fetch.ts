import { Command, Option } from 'commander'
import { duration, withOutput, withRemote } from '../options.js'
import type { Define } from './index.js'

const examples = `
The bytes come as the registry sends them. What is asked for by digest is verified: exit code 5 when it does not
match, after the bytes. Hints tell which endpoint to try first: mediatype:<media type>, type:manifest, type:blob.
Without --timeout, DIST_FETCH_TIMEOUT counts, then CONTAINERD_FETCH_TIMEOUT.

With --stdin, each line of stdin is an object with its hints, and gets a line "<digest> <media type> <size>", the
bytes and a newline; or "<object> missing". The timeout is for each object. A body that does not verify ends the
stream with exit code 5. --json prints media type, digest and size of each object on stderr.

Examples:
  $ dist fetch docker.io/library/alpine 3.20 | jq .
  $ dist fetch --timeout 30s localhost:5000/app sha256:9f86d0... type:blob > layer.tar.gz
  $ dist fetch localhost:5000/app 1.2 | jq -r '.layers[] | "\\(.digest) mediatype:\\(.mediaType)"' \\
      | dist fetch --stdin localhost:5000/app`

export const fetchCommand: Define = (context, onExit) =>
  withRemote(withOutput(new Command('fetch')))
    .description('write an object of a registry to stdout')
    .argument('<remote>', 'a repository with its host: docker.io/library/alpine')
    .argument('[object]', 'a tag or a digest')
    .argument('[hint...]', 'what the object is: mediatype:<media type>, type:manifest, type:blob')
    .addOption(
      new Option('--timeout <duration>', 'give up after so long, as 30s or 1m30s').argParser(duration),
    )
    .option('--stdin', 'fetch many: read objects from stdin, one a line')
    .addHelpText('after', examples)
    .action(async (remote: string, object: string | undefined, hints: string[], options) => {
      const actions = await import('../actions/fetch.js')
      onExit(await actions.fetch(context, { remote, object, hints }, options))
    })
