// What `explain` tells, as one JSON document.

import type { Result } from '../check/result.ts'
import { changeOf } from './change.ts'
import type { CaseExplained, PatchExplained, Story, Verdicts } from './explain.ts'
import type { ThreadExplained, TopicExplained } from './explain-topic.ts'
import { observed } from './json.ts'
import type { Results } from './verdicts.ts'

export function patchJson({ patch, verdicts, with: having, otherwise, story }: PatchExplained): object {
  const after = verdicts.subjects.indexOf(having)
  const points = pointsOf(verdicts, row => {
    return { change: changeOf(row[0]!, row[after]!), otherwise: otherwise.includes(row) }
  })
  return { patch, with: having, ...points, story: storyOf(story) }
}

export function topicJson({ topic, patches, which }: TopicExplained): object {
  const told = patches.map(({ patch, pairs }) => {
    const points = pairs.map(([without, having]) => {
      return {
        point: without.point,
        change: changeOf(without, having),
        without: foundOf(without),
        with: foundOf(having),
      }
    })
    return { patch, points }
  })
  return { topic, which, patches: told }
}

export function threadJson({ topic, verdicts }: ThreadExplained): object {
  return { topic, ...pointsOf(verdicts, () => ({})) }
}

export function caseJson({ case: of, patches, verdicts, story }: CaseExplained): object {
  const { name, file, about } = of
  return { case: name, file, about, patches, ...pointsOf(verdicts, () => ({})), story: storyOf(story) }
}

function pointsOf({ subjects, results, which }: Verdicts, more: (row: Results) => object): object {
  const points = results.map(row => ({
    point: row[0]!.point,
    ...more(row),
    verdicts: row.map(one => one && foundOf(one)),
  }))
  return { which, subjects, points }
}

const foundOf = ({ subject, status, found, how }: Result): object => ({ subject, status, found, how })

function storyOf(story: Story | undefined): object | null {
  if (story === undefined) return null
  const sides = story.sides.flatMap(side => {
    if (side === undefined) return []
    const { result, took } = side
    const { observation, steps } = result
    return [{ ...foundOf(result), ...(observation && observed(observation, steps)), ...(took && { took }) }]
  })
  return { point: story.sides[0].result.point, sides, replay: story.replay ?? null }
}
