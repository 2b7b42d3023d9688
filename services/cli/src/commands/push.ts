import { Command } from 'commander'
import { collect, withSending, withStore } from '../options.js'
import type { Define } from './index.js'

const examples = `
Everything is verified on its way. What the registry has is not sent again, what another of its repositories has is
taken over from there, and the tag comes last: nobody sees half an image. Pushing what is there costs one request.

Without <remote-ref> an image goes to where its name says, or with --to below that prefix. Most registries take an index only with all its manifests:
of an index of which the store holds one platform, as dist pull leaves it, that manifest is pushed alone.

Examples:
  $ dist push localhost:5000/app:1.2
  $ dist push alpine:3.20 registry.example.com/mirror/alpine:3.20
  $ dist push --to registry.example.com/mirror alpine:3.20 quay.io/prometheus/node-exporter:latest
  $ dist images -q | dist push -f - --to registry.example.com/mirror
  $ dist push --platform linux/arm64 registry.example.com/app:1 registry.example.com/app:1-arm64`

export const pushCommand: Define = (context, onExit) =>
  withSending(withStore(new Command('push')))
    .description('push images of the store to a registry')
    .argument('[ref]', 'an image, as dist images shows it')
    .argument('[remote-ref...]', 'where it goes, by default where its name says; with --to: more images')
    .option('-f, --file <file>', 'read images from a file, one a line, - is stdin; may be repeated', collect)
    .option('--to <registry/prefix>', 'send images to a registry, each below this prefix')
    .addHelpText('after', examples)
    .action(async (reference: string | undefined, others: string[], options) => {
      const { push } = await import('../actions/push/push.js')
      onExit(await push(context, reference === undefined ? [] : [reference, ...others], options))
    })
