// `expect` and `gives`: what a case wants to see at a step.

import { z } from 'zod'
import type { Expect, MapKind, Step } from '../engine.ts'
import { readBytes, readCount } from '../steps/words/amount.ts'
import { answer, signal } from '../steps/words/answers.ts'
import {
  checkNode,
  nodePoolKinds,
  type PoolName,
  poolCounter,
  poolFiles,
  readPoolName,
} from '../steps/words/hugepage.ts'
import { process, yesNo } from '../steps/words/names.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { frames, pages } from '../steps/words/range.ts'
import { context } from '../steps/words/scope.ts'
import { choice, pairs, quoted, word } from '../steps/words/word.ts'
import { laterKeys } from './later.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import { kindOf, type Node, type Scalar } from './tree.ts'

const mapKinds = ['pmd', 'pte', 'none', 'swap', 'migration', 'hwpoison'] as const satisfies readonly MapKind[]

/** What `expect` knows besides counters. */
export const views = {
  frames: pairs(pages(), frames(), 'Ranges and the frames that each maps, in order'),
  mapped: pairs(pages(), choice(mapKinds, 'How all of the range is mapped'), 'Ranges and how each is mapped'),
  signals: pairs(process('A process'), signal(), 'Processes and the signal that each gets from elsewhere'),
  freed: pairs(
    frames(),
    yesNo('Whether all of the frames have been given back'),
    'Frames, and whether they have been given back',
  ),
}

/** The value of a counter; what one of it is depends on the counter. */
export const counterValue = z
  .string()
  .describe(
    'A counter of /proc/meminfo (an amount) or /proc/vmstat (a count). Signed: change since counting began; unsigned: as it stands',
  )

/** What the verb answers, as schema for editors: one answer, a list of any, or a map with what holds after each. */
export const givesShape = (expect: z.ZodType) =>
  z
    .union([answer(), z.array(answer()).min(1), z.record(z.string(), expect)])
    .describe(
      'What the step answers (ok): ok, killed, an errno, a signal; a list means any, a map says what holds after each',
    )

const count = z.string().describe('Signed: change since counting began; unsigned: as it stands (+0)')
/** A pool of huge pages; all four are compared. */
export const poolShape = z
  .strictObject({ nr: count.optional(), free: count.optional(), resv: count.optional(), surplus: count.optional() })
  .describe(
    "The pool of the machine's huge pages, `pool-1G` that of a size, `pool@node1` what a node has (no resv); what is not named is +0",
  )

const processCounter = /^(Vm[A-Z]|Rss|Pss|Private_|Shared_|Referenced$|Anonymous$)/

/** `expect`, read against the scope after its step. */
export function readExpect(node: Node, counters: readonly string[], problems: Problems): Expect {
  const found = { counters: [], frames: [], mapped: [], freed: [], signals: [] } as Writable<Expect>
  if (node.kind !== 'map') {
    problems.add('BAD_SHAPE', node, `here stands a map of counters and views, not ${kindOf(node)}`)
    return found
  }
  for (const { key, value } of node.entries) {
    if (/^pool([-@]|$)/.test(key.text)) found.counters.push(...readPool(key, value, problems))
    else if (Object.hasOwn(views, key.text)) readView(key, value, found, problems)
    else if (laterKeys.has(key.text) || processCounter.test(key.text))
      problems.add('NOT_YET', key, `"${key.text}" is not there yet`)
    else if (isCounter(key, counters, Object.keys(views), problems)) {
      const counter = read(word(key.text, amountOf(key.text)), value, problems)
      if (counter !== undefined) found.counters.push({ name: key.text, ...counter, pos: problems.position(key) })
    }
  }
  return found
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] }

/** `pool: {free: -1}`: the four counters of sysfs, of a node the three. */
function readPool(key: Scalar, node: Node, problems: Problems): Writable<Expect>['counters'] {
  const pool = read(poolKey, key, problems)
  const said = read(poolShape, node, problems)
  if (pool === undefined || said === undefined) return []
  const { huge } = context()
  const { size = huge, node: nid } = pool
  if (nid !== undefined && said.resv !== undefined) {
    problems.add('BAD_VALUE', key, 'no node has reservations: they are of all together')
    return []
  }
  const kinds = nid === undefined ? (Object.keys(poolFiles) as (keyof typeof poolFiles)[]) : nodePoolKinds
  return kinds.flatMap(what => {
    const at = node.kind === 'map' ? node.entries.find(entry => entry.key.text === what) : undefined
    const value =
      at === undefined
        ? 0
        : read(
            word(what, text => readCount(text, huge)),
            at.value,
            problems,
          )
    const delta = /^[+-]/.test(said[what] ?? '+0')
    const pos = problems.position(at?.key ?? key)
    return value === undefined ? [] : [{ name: poolCounter(size, what, nid), value, delta, pos }]
  })
}

/** `pool` is the machine's, `pool-1G` that of a size, `pool@node1` what a node has of it. */
const poolKey = word('A pool: `pool`, `pool-1G`, `pool@node1`', (text): PoolName => {
  if (text === 'pool') return { size: undefined, node: undefined }
  const pool = readPoolName(text.slice('pool-'.length))
  checkNode(pool.node, context().nodes)
  return pool
})

/** Whether a key names a counter; `besides`: what else it could have been meant to say. */
export function isCounter(
  key: Scalar,
  counters: readonly string[],
  besides: readonly string[],
  problems: Problems,
): boolean {
  if (counters.includes(key.text)) return true
  const near = didYouMean(key.text, [...counters, ...besides])
  problems.add('UNKNOWN_COUNTER', key, `no counter is called ${quoted(key.text)}${near}`)
  return false
}

/** /proc/meminfo shows amounts, but of huge pages, and begins its names with a capital; /proc/vmstat counts. */
export function isAmount(counter: string): boolean {
  return /^(?!HugePages_)[A-Z]/.test(counter)
}

/** The reader of a counter's value: signed, it is a change. */
export function amountOf(counter: string): (text: string) => { readonly value: number; readonly delta: boolean } {
  return text => {
    const { huge } = context()
    const value = isAmount(counter) ? readBytes(text, huge) : readCount(text, huge)
    return { value, delta: /^[+-]/.test(text) }
  }
}

function readView(key: Scalar, node: Node, found: Writable<Expect>, problems: Problems): void {
  const at = (range: { readonly text: string }) => problems.position(keyIn(node, range.text) ?? node)
  if (key.text === 'frames') {
    for (const [range, frames] of read(views.frames, node, problems) ?? []) {
      if (range.length === frames.length) found.frames.push({ range, frames, pos: at(range) })
      else
        problems.add('OUT_OF_RANGE', keyIn(node, range.text) ?? node, `${range.text} and ${frames.text} differ in size`)
    }
  } else if (key.text === 'mapped') {
    for (const [range, as] of read(views.mapped, node, problems) ?? []) found.mapped.push({ range, as, pos: at(range) })
  } else if (key.text === 'signals') {
    for (const [process, signal] of read(views.signals, node, problems) ?? []) {
      const pos = problems.position(keyIn(node, process) ?? node)
      found.signals.push({ process, signal, pos })
    }
  } else {
    for (const [frames, yes] of read(views.freed, node, problems) ?? [])
      found.freed.push({ frames, yes, pos: at(frames) })
  }
}

function keyIn(node: Node, text: string): Scalar | undefined {
  return node.kind === 'map' ? node.entries.find(({ key }) => key.text === text)?.key : undefined
}

/** `gives`: one answer, any of a list, or a map of answers with what must hold after each. */
export function readGives(node: Node, counters: readonly string[], problems: Problems): Step['gives'] {
  const schema = answer()
  if (node.kind === 'map') {
    if (node.entries.length === 0) problems.add('BAD_SHAPE', node, 'no answer is named here')
    return node.entries.flatMap(({ key, value }) => {
      const given = read(schema, key, problems)
      const expect = readExpect(value, counters, problems)
      return given === undefined ? [] : [{ answer: given, expect }]
    })
  }
  if (node.kind === 'list' && node.items.length === 0) problems.add('BAD_SHAPE', node, 'no answer is named here')
  return (node.kind === 'list' ? node.items : [node]).flatMap(item => {
    const given = read(schema, item, problems)
    return given === undefined ? [] : [{ answer: given, expect: undefined }]
  })
}
