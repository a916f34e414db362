// One step of a case, but for `repeat`: read against the names in scope, which it changes.

import type { Machine, Step } from '../engine.ts'
import { steps as verbs } from '../steps/index.ts'
import type { Naming, StepDef } from '../steps/step.ts'
import { count } from '../steps/words/amount.ts'
import { nameShape } from '../steps/words/names.ts'
import { PAGE, type Scope, within } from '../steps/words/scope.ts'
import { BadWord } from '../steps/words/word.ts'
import { readExpect, readGives } from './expect.ts'
import { contextFor } from './machine.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import { eachScalar, get, kindOf, type Mapping, type Node, oneLine, plain } from './tree.ts'

/** What a step is read against. */
export interface Setting {
  readonly problems: Problems
  readonly counters: readonly string[]
  readonly machine: Machine
  readonly scope: Scope
  /** Who does it and where, if the step does not say. */
  readonly by: string
  readonly cpu: number
}

/** A step, and what it has named or ended. */
export interface Done {
  readonly step: Step
  readonly namings: readonly Naming[]
}

/** Answered when a case says nothing else. */
export const plainOk: Step['gives'] = [{ answer: { kind: 'ok' }, expect: undefined }]

/** Reads the step `map`, whose verb is `verb`; undefined if there is a problem with its arguments. */
export function readStep(map: Mapping, verb: string, setting: Setting): Done | undefined {
  const { problems, counters, scope, machine } = setting
  const def = verbs[verb]!
  const argsNode = get(map, verb)!
  const said = readBy(map, setting)
  const outer = contextFor(machine, scope, said)
  const context = { ...outer, huge: within(outer, () => def.huge?.(plain(argsNode))) ?? outer.huge }
  const args = verb === 'expect' ? null : within(context, () => read(def.args, argsNode, problems, def.example))
  const cpuNode = get(map, 'cpu')
  const cpu = (cpuNode && read(count('The CPU', 0, machine.cpus - 1), cpuNode, problems)) ?? setting.cpu
  const by = actorOf(def, args, map, said, setting)
  const namings = args === undefined ? [] : (def.names?.(args) ?? [])
  if (args === undefined) doubt(argsNode, scope)
  else for (const naming of namings) declare(naming, by, scope, context.huge)
  const expectNode = get(map, 'expect')
  const givesNode = get(map, 'gives')
  return within({ ...outer, by }, () => {
    const expect = expectNode && readExpect(expectNode, counters, problems)
    const gives = givesNode ? readGives(givesNode, counters, problems) : plainOk
    if (args === undefined) return undefined
    if (gives.length > 0 && gives.every(({ answer }) => answer.kind === 'killed')) scope.end(by)
    const text = oneLine({ ...map, entries: map.entries.filter(({ key }) => [verb, 'by', 'cpu'].includes(key.text)) })
    return { step: { verb, args, by, cpu, gives, expect, pos: problems.position(map), text }, namings }
  })
}

/** A step with a problem might have made any name that stands in it: nobody gets blamed for using one. */
export function doubt(node: Node, scope: Scope): void {
  eachScalar(node, ({ text }) => {
    if (nameShape.test(text)) scope.doubt(text)
  })
}

/** Who does the step, as far as `by` says. */
function readBy(map: Mapping, { by, problems }: Setting): string {
  const node = get(map, 'by')
  if (node === undefined) return by
  if (node.kind === 'scalar') return node.text
  problems.add('BAD_SHAPE', node, `here stands a process, not ${kindOf(node)}`)
  return by
}

/** Who does the step in the end, and can; machine verbs and those that say it themselves refuse `by`. */
function actorOf(def: StepDef, args: unknown, map: Mapping, by: string, { problems, scope }: Setting): string {
  const said = get(map, 'by')
  const isOwn = def.machine || def.actor !== undefined
  if (said !== undefined && isOwn) {
    const who = def.machine ? 'the machine' : 'the process that it names'
    problems.add('BAD_VALUE', said, `${def.verb} is done by ${who}: "by" has no place here`)
  }
  if (def.machine || (isOwn && args === undefined)) return 'main'
  try {
    return scope.alive(def.actor?.(args) ?? by)
  } catch (bad) {
    if (!(bad instanceof BadWord)) throw bad
    if (bad.code !== 'FOLLOWS') problems.add(bad.code, said ?? map, bad.message)
    return by
  }
}

/** `anyHuge`: bytes in a huge page of memory that says nothing of its own. */
function declare(naming: Naming, maker: string, scope: Scope, anyHuge: number): void {
  const { kind, name } = naming
  if (kind === 'process') scope.begin(name)
  else if (kind === 'end-process') scope.end(name)
  else if (kind === 'unpinned') scope.unpin(name)
  else if (kind === 'removed') scope.forget(name)
  else if (kind === 'file' || kind === 'segment') {
    const { size, page } = naming
    scope.name({ kind, name, size, base: 0, huge: page === PAGE ? anyHuge : page, page, maker })
  } else {
    const { of } = naming
    const whole = of && scope.named(of.of)
    const base = of === undefined || whole === undefined ? 0 : whole.base + of.offset
    const size = kind === 'range' ? naming.size : naming.of.length
    const { huge = whole?.huge ?? anyHuge, page = whole?.page ?? PAGE } = kind === 'range' ? naming : {}
    scope.name({
      name,
      size,
      base,
      huge,
      page,
      maker,
      ...(kind === 'frames' ? { kind, pinned: naming.pinned, isolated: naming.isolated } : { kind }),
    })
  }
}
