// Which variants of the model the cases run under.

import type { Case } from '../case/case.ts'
import { history, type Resolved, resolveVariant, topicOf, type Variant, variantsFor } from '../model/history/index.ts'
import type { Patch } from '../model/history/patch.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { Refusal } from './refusal.ts'

/** What runs under one variant. */
export interface Share {
  readonly variant: Variant
  readonly cases: Case[]
}

/** The variants that these cases want, each with its cases: as asked for, else in the order of history. */
export function sharesOf(cases: readonly Case[], asked: readonly string[], own: readonly Patch[]): readonly Share[] {
  const shares = new Map<string, Share>()
  for (const one of cases) {
    for (const name of new Set(textsOf(one, asked, own))) {
      const variant = shares.get(name)?.variant ?? variantOf(name, own)
      const share = shares.get(variant.name) ?? { variant, cases: [] }
      shares.set(variant.name, share)
      if (share.cases.at(-1) !== one) share.cases.push(one)
    }
  }
  const all = [...shares.values()]
  return asked.length > 0 ? all : all.sort((a, b) => age(a) - age(b) || (a.variant.name < b.variant.name ? -1 : 1))
}

function age({ variant: { release } }: Share): number {
  return history.releases.indexOf(release)
}

/** The variant with a person's own patches on top, or a refusal with the reason why they do not apply. */
export function variantOf(text: string, own: readonly Patch[]): Variant {
  const answer = resolveVariant(withOwn(text, own), own)
  if (answer.ok) return answer.variant
  throw new Refusal(`variant ${text}: ${reasonOf(answer, own)}`)
}

/** With the patch that was meant, as far as one can guess: the id's beginning, or a slip. */
function reasonOf(answer: Extract<Resolved, { ok: false }>, own: readonly Patch[]): string {
  const { reason, unknown } = answer
  if (unknown === undefined) return reason
  const known = [...history.patches, ...own].map(({ id }) => id)
  const begun = unknown.length < 4 ? undefined : known.find(id => id.startsWith(unknown))
  const near = begun === undefined ? didYouMean(unknown, known) : `; did you mean "${begun}"?`
  return `${reason}${near || '; mmfunc list patches tells which there are'}`
}

/** Why there is no such variant, or undefined; a case may also name a span of releases, or a topic. */
export function whyNoVariant(text: string): string | undefined {
  const span = spanOf(text)
  if (span !== undefined) return span.length > 0 ? undefined : 'the model has no release in this span'
  const topic = topicOf(text)
  if (topic !== undefined) return topic.length > 0 ? undefined : 'no variant of this topic takes these patches'
  const answer = resolveVariant(text)
  return answer.ok ? undefined : reasonOf(answer, [])
}

/** What was asked for, else what the case asks for, else what its `when`s tell apart. */
function textsOf(
  { variants, ids, together }: Case,
  asked: readonly string[],
  own: readonly Patch[],
): readonly string[] {
  if (asked.length > 0) return asked.flatMap(text => topicOf(text) ?? [text])
  const usual = variants?.flatMap(text => spanOf(text) ?? topicOf(text) ?? [text]) ?? variantsFor(ids, together)
  const fitting = usual.filter(text => resolveVariant(withOwn(text, own), own).ok)
  // Where a patch of one's own fits nowhere, the newest variant says why.
  return fitting.length > 0 ? fitting : usual.slice(-1)
}

/** A patch of one's own is on top of each variant that does not name it. */
function withOwn(text: string, own: readonly Patch[]): string {
  const named = text.split('+')
  return [text, ...own.map(({ id }) => id).filter(id => !named.includes(id))].join('+')
}

/** `v4.4..v6.1`: every release that the model has from one to the other; undefined if the text is no span. */
function spanOf(text: string): readonly string[] | undefined {
  const ends = text.split('..')
  if (ends.length !== 2) return undefined
  const [first, last] = ends.map(release => history.allReleases.indexOf(release)) as [number, number]
  const span = new Set(first < 0 ? [] : history.allReleases.slice(first, last + 1))
  return history.releases.filter(release => span.has(release))
}
