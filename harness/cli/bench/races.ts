// How races are explored: how large they are, how long they take, how that grows with threads and with the size of a
// huge page; every race of the case set in one process. Each search is in a process of its own, start-up told apart.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Explored } from './explored.ts'
import { type Measured, mmfunc, node } from './measure.ts'

/** A line of the table of races. */
export interface Search extends Explored {
  readonly variant: string
  /** Of the whole process, start-up and all. */
  readonly wall: number
}

/** Seconds for one search. */
const BOUND = 60
const program = fileURLToPath(new URL('./explored.js', import.meta.url))

const searches: readonly (readonly [file: string, variants: readonly string[], point?: string])[] = [
  ...['4', '8', '16', '64', '512'].map(nr => ['munlock-split', ['v3.14'], `[hpage_nr=${nr}]`] as const),
  ...['4', '8', '16'].map(nr => ['munlock-split', ['v3.8'], `[hpage_nr=${nr}]`] as const),
  ['race-two', ['v3.14', 'v4.5']],
  ['race-three', ['v3.14', 'v4.5']],
  ['race-four', ['v3.14', 'v4.4', 'v4.5']],
]

export async function* explorations(): AsyncGenerator<Search> {
  for (const [file, variants, point] of searches)
    for (const variant of variants) yield await searchOf(file, variant, point)
}

/** One search, in a process of its own. */
export async function searchOf(file: string, variant: string, point = ''): Promise<Search> {
  const path = join('harness', 'cli', 'bench', `${file}.yaml`)
  const { stdout, stderr, seconds } = await node([program, path, variant, String(BOUND), point])
  if (stdout === '') throw new Error(stderr)
  const explored: Explored = JSON.parse(stdout)
  const twice = explored.again === explored.first ? 0 : explored.again
  return { ...explored, variant, wall: seconds - twice }
}

/** Every race of the case set, in one process, from the prompt on. */
export function corpus(): Promise<Measured> {
  return mmfunc('run', '--report', 'tap', 'race')
}

export function searchText(search: Search): string {
  const { point, variant, states, ends, first, again, wall } = search
  const rate = Math.round(search.transitions / again / 1000)
  return `${point} ${variant}: ${states} states, ${ends} ends, ${time(first)}, again ${time(again)}, with start-up ${time(wall)}, ${rate}k steps/s${search.complete ? '' : ', not complete'}`
}

export function* searchTable(all: readonly Search[]): Generator<string> {
  yield '| race | under | interleavings | states | steps | ends | first time | again | with start-up | steps/s |'
  yield '|---|---|---|---|---|---|---|---|---|---|'
  for (const one of all) {
    const { point, variant, interleavings, states, transitions, ends, complete, first, again, wall } = one
    const size = `${complete ? interleavings : `${interleavings}, ended by its bound`} | ${states} | ${transitions} | ${ends}`
    const rate = `${Math.round(transitions / again / 1000)}k`
    yield `| ${point} | ${variant} | ${size} | ${time(first)} | ${time(again)} | ${time(wall)} | ${rate} |`
  }
}

function time(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`
}
