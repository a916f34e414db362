// Test points in the words of the probe: see probe/program.h.

import type { Expect, RaceArgs, RaceThread, Step, TestPoint } from '../engine.ts'
import { steps } from '../steps/index.ts'
import type { Word } from '../steps/step.ts'
import { sizeName } from '../steps/words/hugepage.ts'

/** A test point ready for the probe, or why a real kernel cannot judge it. */
export type Compiled =
  | {
      readonly kind: 'program'
      readonly lines: readonly string[]
    }
  | { readonly kind: 'config'; readonly reason: string; readonly step?: number }

/** How often a point with a race is run: until either is reached. */
export interface Rounds {
  readonly rounds: number | undefined
  readonly seconds: number | undefined
}

/** Where nothing is said. */
export const usualRounds: Rounds = { rounds: undefined, seconds: 2 }

const MiB = 2 ** 20
const GiB = 2 ** 30

/** Longest name and line that the probe has room for. */
const nameLength = 63
const lineLength = 1000

/** `index` names the point in what the probe tells; `detail` asks for every range at every step. */
export function compile(point: TestPoint, index: number, detail: boolean, { rounds, seconds }: Rounds): Compiled {
  const refused = refuse(point)
  if (refused !== undefined) return { kind: 'config', reason: refused }
  const primed = point.prime.map(step => stepLines(step, 0, false))
  const counted = point.steps.map((step, i) => stepLines(step, i, detail || looks(step)))
  const bad = [
    ...primed.map(lines => ({ lines, step: undefined })),
    ...counted.map((lines, step) => ({ lines, step })),
  ].find(({ lines }) => typeof lines === 'string')
  if (bad !== undefined)
    return { kind: 'config', reason: bad.lines as string, ...(bad.step !== undefined && { step: bad.step }) }
  const body = [
    ...(primed.length > 0 ? ['prime', ...primed.flat()] : []),
    'count',
    ...counted.flat(),
    'end',
  ] as string[]
  const { thp } = point.machine
  const head = `point ${index} ${thp} ${countOf(body, 'longterm')} ${countOf(body, 'get')}`
  const pools = point.machine.pools.map(({ size, pages, overcommit, nodes = [] }) =>
    ['pool', size / 1024, pages, overcommit, ...nodes].join(' '),
  )
  const { swap_area, swap_device, page_cluster } = point.machine
  const swap = swap_area > 0 ? [`swap ${swap_area / 1024} ${swap_device} ${page_cluster}`] : []
  const disk = body.some(line => line.startsWith('odirect-')) ? ['disk'] : []
  const again = hasRace(point) ? [`rounds ${rounds ?? 0} ${(seconds ?? 0) * 1000}`] : []
  return { kind: 'program', lines: [...pools, ...swap, ...disk, head, ...again, ...body] }
}

export function hasRace({ steps: all }: TestPoint): boolean {
  return all.some(({ verb }) => verb === 'race')
}

/** What a real kernel decides itself, or does not have. */
function refuse({ machine, prime, steps: all }: TestPoint): string | undefined {
  const { hpage_nr, debug_vm, swap, cpus, hugepage, pools } = machine
  if (hpage_nr !== 512) return `a huge page of x86-64 has 512 base pages, not ${hpage_nr}`
  if (debug_vm) return 'whether a real kernel has CONFIG_DEBUG_VM is not ours to choose'
  if (!swap) return 'whether a real kernel has CONFIG_SWAP is not ours to choose'
  const strange = [hugepage, ...pools.map(({ size }) => size)].find(size => size !== 2 * MiB && size !== GiB)
  if (strange !== undefined) return `x86-64 has huge pages of 2M and of 1G, none of ${sizeName(strange)}`
  const far = [...prime, ...all].find(step => step.cpu >= cpus)
  return far && `${far.text} runs on CPU ${far.cpu}, and the machine has ${cpus}`
}

/** The lines of one step, or why it cannot be done. */
function stepLines(step: Step, index: number, look: boolean): string[] | string {
  const words = wordsOf(step)
  if (typeof words === 'string') return words
  const lines = [['step', index, step.by, step.cpu, look ? 1 : 0], ...words].map(lineOf)
  return lines.every(line => line !== undefined) ? lines : 'a name is too long for the probe'
}

/** Plain words that no real kernel does for us, and why. */
const unreachable: Readonly<Record<string, string>> = {
  isolate: 'no system call takes pages off the LRU and keeps them',
  putback: 'no system call puts back what another has taken off the LRU',
  'pageout-in-flight': 'when a real device has written a page is not ours to choose',
  'writeback-done': 'when a real device has written a page is not ours to choose',
  'writeback-fail': 'no device of a guest fails to write',
  'fail-alloc': 'no allocation of a kernel without fault injection fails at will',
  'bprm-mm-init': 'nobody can act between the making of the stack of an execve and its end',
  'exec-stack': 'nobody can act between the making of the stack of an execve and its end',
}

/** Whether the probe does the word: see probe/ops.c. */
export const reachesWord = (word: string): boolean => !Object.hasOwn(unreachable, word)

function wordsOf(step: Step): readonly Word[] | string {
  if (step.verb === 'race') return raceWords((step.args as RaceArgs).threads)
  const words = steps[step.verb]?.words(step.args)
  if (words === undefined) return `real kernels do not have ${step.verb} yet`
  return words.map(([word]) => unreachable[word!]).find(reason => reason !== undefined) ?? words
}

function raceWords(threads: readonly RaceThread[]): readonly Word[] | string {
  const words: Word[] = [['race']]
  for (const { name, by, cpu, steps: own } of threads) {
    words.push(['thread', name, by, cpu])
    for (const step of own) {
      // A thread ends another process as one ends it, by a signal.
      if (step.by !== by && !steps[step.verb]?.machine && step.verb !== 'exit')
        return `on real kernels all steps of a thread are by one process`
      const done = wordsOf(step)
      if (typeof done === 'string') return done
      words.push(step.ends === undefined ? ['do'] : ['end-of', step.ends], ...done)
    }
  }
  return words
}

function lineOf(op: Word): string | undefined {
  const words = op.map(String)
  const line = words.join(' ')
  return words.every(word => /^[!-~]+$/.test(word) && word.length <= nameLength) && line.length <= lineLength
    ? line
    : undefined
}

/** Whether the step is judged by which frames are mapped where. */
function looks({ expect, gives }: Step): boolean {
  return [expect, ...gives.map(one => one.expect)].some(one => one !== undefined && asksForFrames(one))
}

function asksForFrames({ frames, mapped, freed }: Expect): boolean {
  return frames.length + mapped.length + freed.length > 0
}

function countOf(lines: readonly string[], hold: string): number {
  return lines.filter(line => line.startsWith('pin ') && line.split(' ')[5] === hold).length
}
