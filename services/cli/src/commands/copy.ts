import { Command } from 'commander'
import { withOutput, withSending } from '../options.js'
import type { Define } from './index.js'

const examples = `
Nothing is kept on this machine. Everything is verified on its way; what the destination has is not sent again, what
another of its repositories has is taken over from there, and the tag comes last. All platforms are copied unless
--platform names some; of one platform its manifest is copied alone, since most registries take no index without all
that it names.

Examples:
  $ dist copy alpine:3.20 registry.example.com/mirror/alpine:3.20
  $ dist copy registry.example.com/app:1.2 registry.example.com/app:stable
  $ dist copy --platform linux/amd64 quay.io/prometheus/node-exporter:latest localhost:5000/node-exporter`

export const copyCommand: Define = (context, onExit) =>
  withSending(withOutput(new Command('copy')))
    .description('copy an image from one registry to another')
    .argument('<src-ref>', '[host/]repository[:tag][@digest]')
    .argument('<dst-ref>', '[host/]repository[:tag]')
    .addHelpText('after', examples)
    .action(async (from: string, to: string, options) => {
      const { copy } = await import('../actions/push/copy.js')
      onExit(await copy(context, from, to, options))
    })
