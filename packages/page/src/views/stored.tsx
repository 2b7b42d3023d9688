import type { Answer, Routes } from '@dist/api'
import { pace, useAnswer } from '../api/answers.js'
import { formatBytes, plural } from '../format.js'
import { Link } from '../navigate.js'
import { Known, Section } from '../parts/known.js'
import { Copied, Digest } from '../parts/texts.js'
import { ReferrerTable, TreeTable } from '../parts/tree.js'
import { platformsText } from './store.js'

type Details = Answer<Routes['getStored']>

/** One image of the store: what it takes, its tree, and what refers to it. */
export function Stored({ name }: { readonly name: string }) {
  const image = useAnswer('/store/images/{name}', { params: { name } }, pace.rare)
  return (
    <>
      <h1>
        <Link to={{ view: 'store' }}>Store</Link> / {name}
      </h1>
      <Known live={image} what="the image">
        {(data) => (
          <>
            <Summary image={data} />
            <Section title="Manifests and blobs">
              <TreeTable tree={data} moreOf={({ digest }) => <NeedingLink digest={digest} />} />
            </Section>
            {data.referrers.length > 0 && (
              <Section title="What refers to it">
                <ReferrerTable referrers={data.referrers} />
              </Section>
            )}
          </>
        )}
      </Known>
    </>
  )
}

function NeedingLink({ digest }: { readonly digest: string }) {
  return (
    <Link to={{ view: 'store', needs: digest }} title={`images that need ${digest}`}>
      who needs it
    </Link>
  )
}

function Summary({ image: { name, digest, platforms, sizes, entries } }: { readonly image: Details }) {
  const facts = [
    ['Name', <Copied key="name" text={name} shown={name} what="name" />],
    ['Digest', digest && <Digest key="digest" digest={digest} />],
    ['Platforms', platformsText(platforms)],
    ['Needs', sizes && `${formatBytes(sizes.all.bytes)}, ${plural(sizes.all.objects, 'object')}`],
    ['Alone', sizes && `${formatBytes(sizes.own.bytes)}: removing it frees as much`],
    ['Shared', sizes && formatBytes(Math.max(0, sizes.all.bytes - sizes.own.bytes))],
    ['Mirrors', entries.length > 0 ? entries.join(', ') : undefined],
  ] as const
  return (
    <section class="card" aria-label="Summary">
      {sizes === undefined && (
        <p class="quiet">What it takes is not known: it was not there when the store was measured.</p>
      )}
      <dl class="facts">
        {facts.map(
          ([title, value]) =>
            value !== undefined && (
              <div key={title}>
                <dt>{title}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  )
}
