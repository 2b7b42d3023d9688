import { Command, Option } from 'commander'
import { collect, positive, withHostPatience, withQueue, withRemote, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
All platforms are mirrored unless --platform names some. A file has a reference a line; # begins a comment. Blobs that
images share are fetched once, and what is there is not fetched again: a second run costs a request for each image.

With --to images go to a registry and not into a store: docker.io/library/alpine:3.20 becomes
registry.example.com/mirror/library/alpine:3.20. Signatures and SBOMs that refer to an image go with it.

With a queue the coordinators and workers that share it do the work, into their own store (--store is then only
compared with it). Ctrl-C detaches: the run goes on; dist status --watch follows it, dist cancel gives it up.

Exit code 6: some images failed; the others are there.

Examples:
  $ dist mirror alpine:3.20 quay.io/prometheus/node-exporter:latest
  $ dist mirror -f refs.txt --platform linux/amd64 --report report.jsonl
  $ dist mirror -f refs.txt --store 's3://mirror/images?endpoint=http://127.0.0.1:8333'
  $ dist mirror -f refs.txt --to registry.example.com/mirror
  $ dist mirror -f refs.txt --queue redis://10.0.0.5:6379 --detach`

export const mirrorCommand: Define = (context, onExit) =>
  withHostPatience(withRemote(withQueue(withStore(new Command('mirror')))))
    .description('mirror many images, here or by the services of a queue')
    .argument('[ref...]', 'references: [host/]repository[:tag][@digest]')
    .option('-f, --file <file>', 'read references from a file, - is stdin; may be repeated', collect)
    .option(
      '--platform <os/arch[/variant]>',
      'keep this platform of an index alone; may be repeated',
      collect,
    )
    .option('--to <registry/prefix>', 'send the images to a registry, below this prefix, in place of a store')
    .addOption(
      new Option(
        '--concurrency <n>',
        'transfers at the same time, from each host, without a queue (default: 8)',
      ).argParser(positive),
    )
    .option('--detach', 'with a queue: submit the run, print its id, and do not wait')
    .option('--report <file>', 'write how it went for each image into a file, as JSON lines')
    .addHelpText('after', examples)
    .action(async (references: string[], options) => {
      const { mirror } = await import('../actions/mirror/mirror.js')
      onExit(await mirror(context, references, options))
    })
