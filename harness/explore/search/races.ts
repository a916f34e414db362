// The race detector: it proves that the ops are enough, that nothing else could be noticed by another CPU. A race is a
// state in which two threads could take their next steps in either order, and these touch the same bits, one of them
// to write, one of them by a plain access.
//
// Two searches of single steps, in which plain accesses are apart from the op before them. The first notes which nodes
// of two tries are next at once and compares all that may follow; what is suspect then the second takes both steps of
// and compares what they really do. Exact for the states searched.

import { opNames } from '../../model/effects.ts'
import { kindOfCell } from '../../model/names.ts'
import { exhaustive } from './exhaustive.ts'
import { Machine } from './machine.ts'
import type { ThreadBody } from './recorder.ts'
import { preemptions, type Schedule, scheduleOf } from './schedule.ts'
import { isWrite, maskOf } from './sharing.ts'
import type { Bounds } from './strategy.ts'
import { isAccess, isOp, isStep, Joined, Kind, type Trie } from './trie.ts'

export interface Race {
  /** The place in words, without its number: `page head.flags`. */
  readonly cell: string
  /** Both sides, in the order of their text: what is done there, and in which function. */
  readonly sides: readonly [string, string]
  /** The way to a state in which both are next. */
  readonly schedule: Schedule
}

export interface Races {
  readonly races: readonly Race[]
  readonly states: number
  /** The bound that ended it. */
  readonly bound: string | undefined
}

/** One access of a step. */
interface Access {
  readonly node: number
  readonly cell: number
  readonly mask: number
  readonly write: boolean
  readonly plain: boolean
}

const singleSteps = exhaustive({ reduce: true, coalesce: false })

/** Races between these threads, which start from the store as it stands. */
export function* findRaces(bodies: readonly ThreadBody[], bounds: Bounds): Generator<void, Races> {
  const machine = new Machine(bodies, { marks: true, pauses: true })
  const pairs = new Pairs(machine)
  const { states, bound } = yield* singleSteps.explore(machine, () => {}, {
    ...bounds,
    atState: () => pairs.note(),
  })
  const suspects = pairs.suspects()
  const races = new Map<string, Race>()
  if (suspects.size > 0) {
    const atState = (): void => {
      for (const race of realRaces(machine, suspects)) {
        const text = raceText(race)
        const known = races.get(text)
        if (known === undefined || preemptions(race.schedule) < preemptions(known.schedule)) races.set(text, race)
      }
    }
    yield* singleSteps.explore(machine, () => {}, { ...bounds, atState })
  }
  return { races: [...races.values()], states, bound }
}

export const raceText = ({ cell, sides }: Omit<Race, 'schedule'>): string =>
  `${cell}: ${sides[0]} against ${sides[1]}, and no lock orders them`

/** Pairs of nodes of two threads that were next at once. */
class Pairs {
  readonly #machine: Machine
  readonly #seen = new Set<number>()
  readonly #segments = new Map<number, readonly Access[]>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  note(): void {
    const m = this.#machine
    for (let a = 0; a < m.threads; a++) {
      if (!m.canStep(a)) continue
      for (let b = a + 1; b < m.threads; b++) if (m.canStep(b)) this.#seen.add(pairOf(m.at[a]!, m.at[b]!))
    }
  }

  suspects(): Set<number> {
    const suspects = new Set<number>()
    for (const pair of this.#seen) {
      const [x, y] = [Math.floor(pair / 2 ** 26), pair % 2 ** 26]
      if (this.#segment(x).some(p => this.#segment(y).some(q => conflict(p, q)))) suspects.add(pair)
    }
    return suspects
  }

  /** All that may come of the step at a node. */
  #segment(n: number): readonly Access[] {
    const known = this.#segments.get(n)
    if (known !== undefined) return known
    const { trie } = this.#machine
    const accesses: Access[] = []
    const rest = [n]
    for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
      const isNext = isStep(trie.kind[node]!) && trie.joined[node] !== Joined.TO_BEFORE
      if (node !== n && (isNext || trie.kind[node]! >= Kind.DONE)) continue
      const access = accessOf(trie, node)
      if (access !== undefined) accesses.push(access)
      for (let c = trie.child[node]!; c !== 0; c = trie.kind[node] === Kind.MARK ? 0 : trie.sibling[c]!) rest.push(c)
    }
    this.#segments.set(n, accesses)
    return accesses
  }
}

const pairOf = (x: number, y: number): number => x * 2 ** 26 + y

function accessOf(trie: Trie, n: number): Access | undefined {
  const kind = trie.kind[n]!
  if (!isAccess(kind)) return undefined
  return { node: n, cell: trie.cell[n]!, mask: maskOf(trie, n), write: isWrite(kind), plain: !isOp(kind) }
}

function conflict(p: Access, q: Access): boolean {
  return p.cell === q.cell && (p.mask & q.mask) !== 0 && (p.write || q.write) && (p.plain || q.plain)
}

/** The races among the suspects of this state. */
function* realRaces(m: Machine, suspects: ReadonlySet<number>): Generator<Race> {
  for (let a = 0; a < m.threads; a++) {
    for (let b = a + 1; b < m.threads; b++) {
      if (!suspects.has(pairOf(m.at[a]!, m.at[b]!)) || !m.canStep(a) || !m.canStep(b)) continue
      yield* together(m, a, b)
      yield* together(m, b, a)
    }
  }
}

/** What the steps of `a`, then `b` really touch; the machine is left as it was. */
function together(m: Machine, a: number, b: number): Race[] {
  const { depth } = m
  const schedule = scheduleOf(m)
  const first = taken(m, a)
  const second = m.bug === undefined && m.canStep(b) ? taken(m, b) : []
  m.back(depth)
  return first.flatMap(p => second.filter(q => conflict(p, q)).map(q => raceOf(m, p, q, schedule)))
}

const taken = (m: Machine, t: number): Access[] =>
  m.passing(t).flatMap(n => {
    const access = accessOf(m.trie, n)
    return access === undefined ? [] : [access]
  })

function raceOf(m: Machine, p: Access, q: Access, schedule: Schedule): Race {
  const [one, other] = [side(m, p), side(m, q)].sort() as [string, string]
  return { cell: kindOfCell(p.cell), sides: [one, other], schedule }
}

function side(m: Machine, { node, plain, write }: Access): string {
  const what = plain ? (write ? 'plain write' : 'plain read') : opNames[m.trie.kind[node]!]
  return `${what} in ${functionAt(m.recorder.stackAt(node))}`
}

/**
 * The kernel function that a stack has come through last; accessors and ops are not functions of their own. A patch of
 * one's own may lie anywhere.
 */
function functionAt(stack: string): string {
  for (const line of stack.split('\n')) {
    const [, name, file = ''] = /at (?:async )?(?:Object\.|Module\.)?([\w$]+) \((.*)\)/.exec(line) ?? []
    if (name === undefined || /\/explore\/search\/|\/model\/[\w-]+\.|\/mm\/(?:page-flags|pgtable)\./.test(file))
      continue
    if (!/\/explore\//.test(file)) return name
    break
  }
  return "a function that is not the kernel's"
}
