// A race: threads by name, each with a list of steps of its own. Thread i runs on CPU i.
//
// What a thread names ends with the race and means nothing to the others: nobody could say which comes first.

import type { RaceArgs, RaceThread, Step } from '../engine.ts'
import { steps as verbs } from '../steps/index.ts'
import type { Naming } from '../steps/step.ts'
import { type Scope, within } from '../steps/words/scope.ts'
import { readExpect } from './expect.ts'
import { contextFor } from './machine.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import { doubt, plainOk, readStep, type Setting } from './step.ts'
import { get, kindOf, type Mapping, type Node, oneLine } from './tree.ts'
import { verbOf } from './verb.ts'

/** What a thread has made, and the names that it knew at its end. */
export interface Ended {
  readonly scope: Scope
  readonly made: readonly { readonly naming: Naming; readonly maker: string }[]
}

export interface Race {
  readonly step: Step & { readonly args: RaceArgs }
  readonly threads: readonly Ended[]
}

/** How many threads the largest race of a list of steps has; 1 if it has none. */
export function mostThreads(list: Node | undefined): number {
  if (list?.kind !== 'list') return 1
  const races = list.items.map(item => (item.kind === 'map' ? get(item, 'race') : undefined))
  return Math.max(1, ...races.map(race => (race?.kind === 'map' ? race.entries.length : 1)))
}

/** Reads the race of `map`; undefined if there is no saying who races. The scope is left as the race leaves it. */
export function readRace(map: Mapping, setting: Setting): Race | undefined {
  const { problems, machine, scope } = setting
  refuseBeside(map, ['race', 'expect', 'when'], 'a race', problems)
  const node = get(map, 'race')!
  const context = contextFor(machine, scope)
  if (within(context, () => read(verbs.race!.args, node, problems)) === undefined || node.kind !== 'map') {
    doubt(node, scope)
    return undefined
  }
  const { length } = node.entries
  if (length > machine.cpus) {
    const cpus = machine.cpus === 1 ? '1 CPU' : `${machine.cpus} CPUs`
    problems.add('BAD_VALUE', node, `${length} threads need a CPU each, and the machine has ${cpus}`)
  }
  const threads = readThreads(node, setting)
  const args: RaceArgs = { threads: threads.map(({ thread }) => thread) }
  refuseActingAfterExit(node, threads, problems)
  for (const { ended } of threads) scope.endWhatEndedIn(ended.scope)
  const pos = problems.position(map)
  const expectNode = get(map, 'expect')
  const expect = expectNode && within(context, () => readExpect(expectNode, setting.counters, problems))
  const step = { verb: 'race', args, by: 'main', cpu: 0, gives: plainOk, expect, pos, text: oneLine(map) }
  return { step, threads: threads.map(({ ended }) => ended) }
}

interface Read {
  readonly thread: RaceThread
  readonly ended: Ended
}

function readThreads({ entries }: Mapping, setting: Setting): Read[] {
  const threads: Read[] = []
  for (const [cpu, { key, value }] of entries.entries()) {
    const scope = setting.scope.clone()
    for (const { thread, ended } of threads)
      for (const { naming } of ended.made) if (isNew(naming)) scope.madeElsewhere(naming.name, thread.name)
    const by = scope.isAlive(key.text) ? key.text : 'main'
    const made: Ended['made'][number][] = []
    const steps: Step[] = []
    for (const item of value.kind === 'list' ? value.items : []) {
      const done = readInRace(item, { ...setting, scope, by, cpu })
      if (done === undefined) continue
      steps.push(done.step)
      for (const naming of done.namings) made.push({ naming, maker: done.step.by })
    }
    threads.push({ thread: { name: key.text, by, cpu, steps }, ended: { scope, made } })
  }
  return threads
}

/** A step inside a race: what looks at the whole machine would see a moment that no case can name. */
function readInRace(item: Node, setting: Setting): ReturnType<typeof readStep> {
  const { problems, scope } = setting
  if (item.kind !== 'map') {
    problems.add('BAD_SHAPE', item, `a step is a map with one verb, not ${kindOf(item)}`)
    return undefined
  }
  const verb = verbOf(item, problems)
  if (verb === undefined || ['race', 'repeat', 'expect'].includes(verb.text)) {
    if (verb !== undefined) problems.add('BAD_VALUE', verb, `"${verb.text}" has no place in a race`)
    doubt(item, scope)
    return undefined
  }
  refuseBeside(item, [verb.text, 'by', 'gives'], 'a step of a race', problems)
  const gives = get(item, 'gives')
  if (gives?.kind === 'map') problems.add('BAD_SHAPE', gives, 'in a race the answer is one, or a list of any')
  const said = item.entries.filter(({ key }) => key === verb || key.text === 'by' || key.text === 'gives')
  return readStep({ ...item, entries: said }, verb.text, setting)
}

/** Only what changes who does it or what is asked of it may stand beside. */
function refuseBeside(map: Mapping, known: readonly string[], what: string, problems: Problems): void {
  for (const { key } of map.entries) {
    if (known.includes(key.text)) continue
    const beside = known.slice(1).join(' and ')
    problems.add('BAD_VALUE', key, `"${key.text}" has no place beside ${what}, only ${beside}`)
  }
}

/** A process that one thread ends cannot act in another: whether it still lives there would be anyone's guess. */
function refuseActingAfterExit(node: Mapping, threads: readonly Read[], problems: Problems): void {
  for (const { thread, ended } of threads) {
    for (const [i, other] of threads.entries()) {
      const acting = other.thread === thread ? undefined : other.thread.steps.find(({ by }) => isGone(by, ended))
      if (acting === undefined) continue
      const text = `${acting.by} exits in the thread ${thread.name}, and acts in ${other.thread.name} as well`
      problems.add('BAD_VALUE', node.entries[i]!.key, text)
    }
  }
}

function isGone(process: string, { scope, made }: Ended): boolean {
  return !scope.isAlive(process) && made.some(({ naming }) => naming.kind === 'end-process' && naming.name === process)
}

function isNew({ kind }: Naming): boolean {
  return ['range', 'frames', 'process', 'file', 'segment'].includes(kind)
}
