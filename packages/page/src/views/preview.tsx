import type { Answer, Routes } from '@dist/api'
import { useState } from 'preact/hooks'
import { change } from '../api/call.js'
import { formatCount, plural } from '../format.js'
import { go, Link } from '../navigate.js'
import { ReadOnly, useMay } from '../parts/caller.js'
import { Empty, Section, Table } from '../parts/known.js'
import { State } from '../parts/state.js'
import { Digest, Time } from '../parts/texts.js'
import { type PreviewFields, previewFields } from '../place.js'
import { fateOf, sourcesOf } from '../selection.js'

type Answered = Answer<Routes['previewSources']>

/** What is known of the preview that was asked last. */
interface Asked {
  readonly isBusy?: boolean
  readonly answer?: Answered
  readonly error?: string
}

/** Milliseconds that a preview may take. */
const timeout = 12_000

const labels: Readonly<Record<(typeof previewFields)[number], readonly [label: string, example: string]>> = {
  repository: ['Repository', 'quay.io/prometheus/prometheus'],
  include: ['Include', '3.*, latest'],
  exclude: ['Exclude', '*-rc*'],
  semver: ['Versions', '>=1.2 <2'],
  newerThan: ['Newer than', '90d'],
  newest: ['Newest', '5'],
}

/** Which tags of a repository a selection takes, and at which stage the others fall out; or what a schedule would do. */
export function Preview({ schedule, ...fields }: PreviewFields & { readonly schedule?: string | undefined }) {
  const [asked, setAsked] = useState<Asked>({})
  const may = useMay('submit')
  const preview = async (next: PreviewFields) => {
    setAsked({ isBusy: true })
    go({ view: 'preview', schedule, ...next }, { replace: true })
    const given = schedule === undefined ? { sources: sourcesOf(next) } : { schedule }
    await change('/previews', {}, { ...given, images: true, timeout }).then(
      (answer) => setAsked({ answer }),
      (error: Error) => setAsked({ error: error.message }),
    )
  }
  return (
    <>
      <h1>Preview</h1>
      <p class="quiet">
        What {schedule === undefined ? 'a selection takes' : `the schedule ${schedule} would mirror`}, asked
        at the registries now. Nothing is changed.
      </p>
      {schedule === undefined ? (
        <Form fields={fields} isBusy={asked.isBusy === true || !may} onPreview={preview} />
      ) : (
        <p class="buttons">
          <button
            type="button"
            class="main"
            disabled={asked.isBusy === true || !may}
            onClick={() => preview({})}
          >
            Preview
          </button>
          <Link to={{ view: 'preview' }}>Preview another selection</Link>
        </p>
      )}
      <ReadOnly command="dist tags REPOSITORY --explain" />
      <div aria-live="polite">
        {asked.isBusy && <p class="quiet loading">Asking the registry…</p>}
        {asked.error !== undefined && (
          <p class="trouble" role="alert">
            {asked.error}
          </p>
        )}
      </div>
      {asked.answer !== undefined && <Result answer={asked.answer} />}
    </>
  )
}

interface FormProps {
  readonly fields: PreviewFields
  readonly isBusy: boolean
  readonly onPreview: (fields: PreviewFields) => void
}

function Form({ fields, isBusy, onPreview }: FormProps) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const typed = previewFields.flatMap((name) => {
      const value = String(data.get(name) ?? '').trim()
      return value === '' ? [] : [[name, value] as const]
    })
    onPreview(Object.fromEntries(typed))
  }
  return (
    <form class="card fields" onSubmit={submit}>
      {previewFields.map((name) => (
        <label key={name} class={name}>
          {labels[name][0]}
          <input
            name={name}
            defaultValue={fields[name] ?? ''}
            placeholder={labels[name][1]}
            required={name === 'repository'}
            inputMode={name === 'newest' ? 'numeric' : 'text'}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
      ))}
      <button type="submit" class="main" disabled={isBusy}>
        Preview
      </button>
    </form>
  )
}

/** Rows of a table that are shown. */
const shownAtMost = 300

function Result({ answer }: { readonly answer: Answered }) {
  const { tally, failures, images, tags, isComplete } = answer
  const fallen = Object.entries(tally.fell).filter(([, count]) => count > 0)
  return (
    <>
      {!isComplete && (
        <p class="warning">This is not all: the time was up, or there is more than one preview shows.</p>
      )}
      {failures.map(({ source, message }) => (
        <p key={source} class="trouble">
          {source}: {message}
        </p>
      ))}
      {tally.listed > 0 && (
        <p class="headline">
          {plural(tally.listed, 'tag')}: <b>{formatCount(tally.selected)} selected</b>
          {fallen.map(([stage, count]) => `, ${formatCount(count)} ${fateOf(stage)}`)}.
          {tally.unknownDates > 0 &&
            ` Of the selected ones ${formatCount(tally.unknownDates)} have no known date.`}
        </p>
      )}
      {answer.invalid.length > 0 && (
        <p class="warning">Names in the list that are not valid: {answer.invalid.join(', ')}</p>
      )}
      <Section title="What a run would do">
        {images.length === 0 ? <Empty>Nothing is selected.</Empty> : <ImageTable images={images} />}
      </Section>
      {tags.length > 0 && (
        <Section title="Tags">
          <TagTable tags={tags} />
        </Section>
      )}
    </>
  )
}

const imageColumns = [{ title: 'Image' }, { title: 'State' }, { title: 'Digest', kind: 'wide' }] as const

function ImageTable({ images }: { readonly images: Answered['images'] }) {
  return (
    <>
      <Table caption="Selected images" columns={imageColumns}>
        {images.slice(0, shownAtMost).map(({ reference, to, state, digest, error }) => (
          <tr key={`${reference} ${to}`}>
            <td>
              {reference}
              {to !== undefined && <span class="quiet line">to {to}</span>}
              {error !== undefined && <span class="error line">{error.message}</span>}
            </td>
            <td>{state === undefined ? <span class="quiet">not known</span> : <State state={state} />}</td>
            <td class="wide">{digest !== undefined && <Digest digest={digest} />}</td>
          </tr>
        ))}
      </Table>
      <More count={images.length - shownAtMost} />
    </>
  )
}

const tagColumns = [{ title: 'Tag' }, { title: 'Selection' }, { title: 'Created', kind: 'wide' }] as const

function TagTable({ tags }: { readonly tags: Answered['tags'] }) {
  return (
    <>
      <Table caption="Tags, and the stage at which they fell out" columns={tagColumns}>
        {tags.slice(0, shownAtMost).map(({ repository, tag, fellAt, created, hasUnknownDate }) => (
          <tr key={`${repository} ${tag}`} class={fellAt === undefined ? undefined : 'left-out'}>
            <td title={`${repository}:${tag}`}>{tag}</td>
            <td>
              {fellAt === undefined ? <State state="selected" /> : fateOf(fellAt)}
              {hasUnknownDate && <span class="quiet"> without a known date</span>}
            </td>
            <td class="wide">{created !== undefined && <Time at={created} />}</td>
          </tr>
        ))}
      </Table>
      <More count={tags.length - shownAtMost} />
    </>
  )
}

function More({ count }: { readonly count: number }) {
  return count > 0 ? <p class="quiet">and {formatCount(count)} more</p> : null
}
