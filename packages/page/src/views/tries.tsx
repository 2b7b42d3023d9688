import { pace, useAnswer } from '../api/answers.js'
import { withoutBlob } from '../format.js'
import { Section, Table } from '../parts/known.js'
import { Digest, Time } from '../parts/texts.js'

const columns = [{ title: 'When' }, { title: 'What failed' }, { title: 'Who', kind: 'wide' }] as const

interface TriesProps {
  readonly run: string
  readonly index: string
  /** The name of a service by its id. */
  readonly nameOf: (service: string) => string
}

/** The tries of an image and of its blobs that have failed, the newest first. Nothing where there are none. */
export function Tries({ run, index, nameOf }: TriesProps) {
  const tries = useAnswer('/runs/{run}/images/{index}/tries', { params: { run, index } }, pace.slow)
  const items = tries.data?.items ?? []
  if (items.length === 0) return null
  return (
    <Section title="Failed tries">
      <Table caption="Failed tries, the newest first" columns={columns}>
        {items.toReversed().map(({ at, digest, service, error }) => (
          <tr key={`${at.getTime()} ${digest} ${error.message}`}>
            <td>
              <Time at={at} />
            </td>
            <td>
              {digest === undefined ? 'the image' : <Digest digest={digest} />}
              <span class="error line">
                {digest === undefined ? error.message : withoutBlob(error.message)}
              </span>
            </td>
            <td class="wide">{service !== undefined && nameOf(service)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  )
}
