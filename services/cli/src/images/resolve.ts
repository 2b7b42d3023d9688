import { sanitize } from '@dist/errdefs'
import type { Descriptor } from '@dist/oci'
import { formatReference, type Locator, parseReference } from '@dist/reference'
import type { ReferrersSource } from '@dist/remotes'
import { Command } from 'commander'
import type { Context, Define } from '../context.js'
import { exitCodes } from '../errors/errors.js'
import { openRegistry } from '../open/registry.js'
import { retryAfterPauses } from '../open/waits.js'
import { type RemoteOptions, withOutput, withRemote } from '../options.js'
import { note, print, printJson } from '../output/print.js'

const examples = `
Prints one line: the name, and media type, digest and size of the manifest that the reference has at its registry now. Nothing
is stored. Usually a single HEAD request is sent. With --referrers a line follows for each manifest that refers to it
(signatures, SBOMs), with its artifact type, and for each tag of cosign.

Examples:
  $ dist resolve alpine:3.20
  $ dist resolve --referrers cgr.dev/chainguard/static:latest
  $ dist resolve --json localhost:5000/app:1.2 | jq -r .digest`

export const resolveCommand: Define = (context, onExit) =>
  withRemote(withOutput(new Command('resolve')))
    .argument('<ref>', '[host/]repository[:tag][@digest]')
    .option('--referrers', 'also print what refers to the manifest')
    .addHelpText('after', examples)
    .action(async (reference: string, options) => onExit(await resolve(context, reference, options)))

export interface ResolveOptions extends RemoteOptions {
  referrers?: boolean | undefined
}

/** `dist resolve`: prints name, media type, digest and size of the manifest of a reference. */
export async function resolve(context: Context, text: string, options: ResolveOptions): Promise<number> {
  const reference = parseReference(text)
  await using remote = await openRegistry(options, context)
  const { signal } = context
  const resolved = await retryAfterPauses(context, remote.limiter, () =>
    remote.resolve(reference, { signal }),
  )
  const name = formatReference(resolved.name)
  const { mediaType, digest, size } = resolved.desc
  const referrers = options.referrers
    ? await referrersOf(resolved.desc, reference, remote, context)
    : undefined
  if (options.json) printJson(context, { name, mediaType, digest, size, referrers })
  else {
    print(context, `${name} ${mediaType} ${digest} ${size}`)
    for (const each of referrers ?? [])
      print(
        context,
        `${sanitize(each.tag ?? each.artifactType ?? '-', 200)} ${each.mediaType} ${each.digest} ${each.size}`,
      )
  }
  return exitCodes.done
}

/** A manifest that refers to another one, or one under a tag of cosign. */
interface Referrer extends Pick<Descriptor, 'artifactType' | 'mediaType' | 'digest' | 'size'> {
  readonly tag?: string | undefined
}

/** What refers to a manifest at its registry. Notes what is not known. */
async function referrersOf(
  { digest }: Descriptor,
  locator: Locator,
  remote: ReferrersSource,
  context: Context,
): Promise<Referrer[]> {
  const onUnknown = ({ message }: Error) => note(context, `not all referrers are known: ${message}`)
  const options = { signal: context.signal, onUnknown }
  const [manifests, tags] = await Promise.all([
    remote.referrers(locator, digest, options),
    remote.cosignTags(locator, [digest], options),
  ])
  const found: (Descriptor & Pick<Referrer, 'tag'>)[] = [
    ...manifests,
    ...tags.map(({ tag, desc }) => ({ ...desc, tag })),
  ]
  return found.map(({ tag, artifactType, mediaType, digest, size }) => ({
    tag,
    artifactType,
    mediaType,
    digest,
    size,
  }))
}
