import type { Answer, Routes } from '@dist/api'
import { adviceOf } from '../advice.js'
import { pace, useAnswer } from '../api/answers.js'
import { change } from '../api/call.js'
import { plural } from '../format.js'
import { Link } from '../navigate.js'
import { Action } from '../parts/action.js'
import { useMay } from '../parts/caller.js'
import { Known, Section } from '../parts/known.js'

type Cause = Answer<Routes['listCauses']>['items'][number]

interface CausesProps {
  readonly run: string
  /** The cause whose images are listed. */
  readonly chosen: string | undefined
}

/** What the images of a run failed of, and what to do about it. */
export function Causes({ run, chosen }: CausesProps) {
  const causes = useAnswer('/runs/{run}/causes', { params: { run } }, pace.slow)
  return (
    <Section title="Why images failed">
      <Known live={causes} what="the causes">
        {({ items }) => (
          <ul class="causes">
            {items.map((cause) => (
              <li key={cause.id} class={cause.id === chosen ? 'card chosen' : 'card'}>
                <header>
                  <CauseHead cause={cause} />
                  <CauseButtons run={run} cause={cause} isChosen={cause.id === chosen} />
                </header>
                <CauseText cause={cause} />
              </li>
            ))}
          </ul>
        )}
      </Known>
    </Section>
  )
}

function CauseHead({ cause: { images, stage, host } }: { readonly cause: Cause }) {
  return (
    <b>
      {plural(images, 'image')}
      {stage !== undefined && ` while ${stage}`}
      {host && (host === 'store' ? ', at the store' : `, at ${host}`)}
    </b>
  )
}

/** The error in words, and what to do. */
function CauseText({ cause: { message, code, example } }: { readonly cause: Cause }) {
  const advice = adviceOf(code)
  return (
    <>
      <p class="error">{message}</p>
      {advice !== undefined && <p class="advice">{advice}</p>}
      <p class="quiet">
        <code>{code}</code> · for example {example}
      </p>
    </>
  )
}

interface CauseButtonsProps {
  readonly run: string
  readonly cause: Cause
  readonly isChosen: boolean
}

function CauseButtons({ run, cause, isChosen }: CauseButtonsProps) {
  const retry = async () => {
    const { images } = await change('/runs/{run}/retry', { run }, { cause: cause.id })
    return `${plural(images, 'image')} ${images === 1 ? 'runs' : 'run'} again.`
  }
  const may = useMay('submit')
  return (
    <span class="buttons">
      {isChosen ? (
        <Link to={{ view: 'run', run }}>Show all images</Link>
      ) : (
        <Link to={{ view: 'run', run, cause: cause.id }}>Show these</Link>
      )}
      {may && <Action label="Retry these" about={cause.message} act={retry} />}
    </span>
  )
}
