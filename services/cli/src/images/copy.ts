import { isCanceled } from '@dist/errdefs'
import { requestForRegistry } from '@dist/mirror'
import { parseReference } from '@dist/reference'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodeOfAll } from '../errors/errors.js'
import { noteWithoutBars, openRegistry } from '../open/registry.js'
import { withOutput, withSending } from '../options.js'
import { noteInterrupted } from '../output/print.js'
import { requestedPlatforms } from './destinations.js'
import { reportSent, type SendOptions, sendImages } from './send.js'

const examples = `
Nothing is stored on this machine. Content is verified while it is sent. Content that the destination has is not sent again;
content of another repository of the destination is mounted from there. The tag is set last. All platforms are copied unless
--platform is given. For one platform only its manifest is copied, since most registries refuse an incomplete index.

Examples:
  $ dist copy alpine:3.20 registry.example.com/mirror/alpine:3.20
  $ dist copy registry.example.com/app:1.2 registry.example.com/app:stable
  $ dist copy --platform linux/amd64 quay.io/prometheus/node-exporter:latest localhost:5000/node-exporter`

export const copyCommand: Define = (context, onExit) =>
  withSending(withOutput(new Command('copy')))
    .argument('<src-ref>', '[host/]repository[:tag][@digest]')
    .argument('<dst-ref>', '[host/]repository[:tag]')
    .addHelpText('after', examples)
    .action(async (from: string, to: string, options) => onExit(await copy(context, from, to, options)))

/** `dist copy`: copies an image from one registry to another, verified, without storing it. */
export async function copy(
  context: Context,
  from: string,
  to: string,
  options: SendOptions,
): Promise<number> {
  const reference = parseReference(from)
  const destination = parseReference(to)
  const asked = requestedPlatforms(options.platform)
  await using remote = await openRegistry(options, context, noteWithoutBars(context, options))
  const { source, platforms } = requestForRegistry(remote, asked)
  const images = [{ reference, destination, platforms }]
  const outcomes = await sendImages(context, { images, source, remote, moving: 'copying' }, options)
  for (const outcome of outcomes)
    reportSent(context, outcome, { destination, verb: 'copied', json: options.json })
  if (outcomes.some(({ error }) => isCanceled(error))) noteInterrupted(context)
  return exitCodeOfAll(outcomes, context.signal)
}
