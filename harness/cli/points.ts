// mmfunc explore --points FUNCTION: where another CPU may come in in a kernel function, as far as races come there.

import type { Exploring } from '../engine.ts'
import { sitesOf } from '../explore/model-engine.ts'
import type { OpSite } from '../explore/sites.ts'
import type { Patch } from '../model/history/patch.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import type { Group } from './groups.ts'
import { Refusal } from './refusal.ts'
import { variantOf } from './variants.ts'

/** Gives the exit status. */
export function listPoints(
  name: string,
  groups: readonly Group[],
  exploring: Exploring,
  own: readonly Patch[],
): number {
  const known = new Set<string>()
  let text = ''
  for (const { trials } of groups) {
    for (const { point, subject } of trials) {
      const sites = sitesOf(point, variantOf(subject.name, own), exploring)
      for (const { within } of sites) for (const one of within) known.add(one)
      const lines = pointLines(sites, name)
      if (lines.length > 0) text += `${point.name} ${subject.name}\n${lines.map(line => `  ${line}\n`).join('')}`
    }
  }
  if (text === '') throw new Refusal(`none of these races comes through ${name}${didYouMean(name, known)}`)
  process.stdout.write(text)
  return 0
}

/** `munlocker: test_and_clear_bit page head.flags mlocked  TestClearPageMlocked` */
export function pointLines(sites: readonly OpSite[], name: string): string[] {
  const inside = sites.filter(({ within }) => within.includes(name))
  const rows = inside.map(({ thread, op, within }) => {
    return [`${thread}: ${op}`, within.slice(0, within.indexOf(name)).join(' < ')] as const
  })
  const width = Math.max(0, ...rows.map(([op]) => op.length))
  return [...new Set(rows.map(([op, path]) => `${op.padEnd(width)}  ${path}`.trimEnd()))]
}
