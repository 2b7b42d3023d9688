import type { Answer, Routes } from '@dist/api'
import { describeObstacle } from '@dist/runs/describe'
import { withTimes } from '../format.js'
import { useNow } from './now.js'

type Obstacles = Answer<Routes['listObstacles']>['items']

/** What runs wait for, in sentences. */
export function ObstacleList({ obstacles }: { readonly obstacles: Obstacles }) {
  const now = useNow()
  if (obstacles.length === 0) return null
  return (
    <ul class="obstacles" aria-label="What it waits for">
      {obstacles.map((each) => (
        <li key={JSON.stringify(each)}>
          {withTimes(capitalized(describeObstacle(each, now))).map((part) =>
            typeof part === 'string' ? (
              part
            ) : (
              <time key={part.at} dateTime={part.at} title={new Date(part.at).toLocaleString()}>
                {part.distance}
              </time>
            ),
          )}
        </li>
      ))}
    </ul>
  )
}

function capitalized(text: string): string {
  // Hosts keep their spelling.
  return /^(no|the) /.test(text) ? text[0]?.toUpperCase() + text.slice(1) : text
}
