// Which verb a step has.

import { steps as verbs } from '../steps/index.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { quoted } from '../steps/words/word.ts'
import type { Problems } from './problems.ts'
import type { Mapping, Scalar } from './tree.ts'

/** What may stand beside a verb. */
export const besides = ['by', 'cpu', 'gives', 'expect', 'when'] as const
const beside: ReadonlySet<string> = new Set(besides)

/** The one verb of a step. `expect` is a verb where no other stands. */
export function verbOf(map: Mapping, problems: Problems): Scalar | undefined {
  let verb: Scalar | undefined
  for (const { key } of map.entries) {
    if (beside.has(key.text) || !(key.text in verbs)) continue
    if (verb === undefined) verb = key
    else problems.add('NOT_ONE_VERB', key, `a step has exactly one verb, and this one has "${verb.text}" already`)
  }
  const strange = map.entries.filter(({ key }) => key !== verb && !beside.has(key.text) && !(key.text in verbs))
  verb ??= strange.length === 0 ? map.entries.find(({ key }) => key.text === 'expect')?.key : undefined
  if (verb === undefined) reportNoVerb(map, strange[0]?.key, problems)
  for (const { key } of verb === undefined ? [] : strange) {
    const near = didYouMean(key.text, besides)
    problems.add('UNKNOWN_KEY', key, `beside a verb stand ${besides.join(', ')}, not ${quoted(key.text)}${near}`)
  }
  return verb
}

function reportNoVerb(map: Mapping, strange: Scalar | undefined, problems: Problems): void {
  if (strange === undefined) problems.add('NOT_ONE_VERB', map, 'a step has exactly one verb, and here is none')
  else {
    const near = didYouMean(strange.text, [...Object.keys(verbs), ...besides])
    problems.add('UNKNOWN_VERB', strange, `no step is called ${quoted(strange.text)}${near}`)
  }
}
