// Variants that belong together: the versions that a thread is about, oldest first. A case names them by the thread.

import { resolveVariant } from './variant.ts'

/**
 * A reference of the anon_vma, shared with KSM; no migration of what nobody maps: what the posted versions stood on.
 */
const referenced = 'v2.6.34+3f6c82728f4e+7f60c214fd3a+67b9509b2c68'

const topics: Readonly<Record<string, readonly string[]>> = {
  'migrate-swapcache': [
    'v2.6.34',
    'v2.6.34+3f6c82728f4e',
    referenced,
    `${referenced}+swapcache-posted-m1`,
    `${referenced}+swapcache-posted-m1b`,
    `${referenced}+swapcache-kamezawa`,
    `${referenced}+swapcache-minchan`,
    `${referenced}+swapcache-posted-m2`,
    `${referenced}+3fe2011ff51e`,
    'v2.6.36',
    'v2.6.38',
    'v3.0',
    'v4.5',
  ],
}

export const topicNames: readonly string[] = Object.keys(topics)

/** The variants of a topic, each with the patches that are added to its name, if it takes them; undefined: no topic. */
export function topicOf(text: string): readonly string[] | undefined {
  const [name = '', ...more] = text.split('+')
  if (!Object.hasOwn(topics, name)) return undefined
  return topics[name]!.map(variant => [variant, ...more].join('+')).filter(variant => resolveVariant(variant).ok)
}
