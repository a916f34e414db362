// Random programs, explored in four ways. Without a race that the detector reports, the final states are those of a
// search in which every access is a step of its own; and whether steps are coalesced, marks kept or states matched
// makes no difference.

import t from 'tap'
import {
  atomic_add,
  atomic_add_return,
  beginAccess,
  endAccess,
  READ_ONCE,
  setThread,
  spin_lock,
  spin_trylock,
  spin_unlock,
  WRITE_ONCE,
} from '../../model/ops.ts'
import { rd, resetStore, S, sbrk, wr } from '../../model/store.ts'
import { exhaustive } from './exhaustive.ts'
import { Machine } from './machine.ts'
import { findRaces } from './races.ts'
import type { ThreadBody } from './recorder.ts'
import { lots } from './replay.ts'
import { drain } from './strategy.ts'

type Kind = 'lock' | 'unlock' | 'trylock' | 'READ' | 'WRITE' | 'ADD' | 'DEC' | 'move' | 'read' | 'set' | 'copy' | 'bump'
interface Statement {
  readonly kind: Kind
  readonly cell: number
  readonly value: number
}
interface Program {
  readonly threads: readonly (readonly Statement[])[]
  readonly cells: number
  readonly locks: number
}

function program(draw: (n: number) => number): Program {
  const threads = 2 + (draw(3) === 0 ? 1 : 0)
  const cells = 1 + draw(3)
  const locks = 1 + draw(2)
  const guard = Array.from({ length: cells }, () => draw(locks))
  // Two in three keep to their locks; one in five tries one.
  const disciplined = draw(3) !== 0
  const tries = draw(5) === 0
  const statements = (): Statement[] => {
    const list: Statement[] = []
    const held: number[] = []
    for (let i = 2 + draw(threads === 2 ? 6 : 4); i > 0; i--) {
      const roll = draw(10)
      const cell = draw(cells)
      const lock = draw(locks)
      if (roll < 3 && !held.includes(lock)) {
        held.push(lock)
        list.push({ kind: 'lock', cell: lock, value: 0 })
      } else if (roll < 5 && held.length > 0) {
        list.push({ kind: 'unlock', cell: held.pop()!, value: 0 })
      } else if (roll === 5 && tries && !held.includes(lock)) {
        list.push({ kind: 'trylock', cell: lock, value: cell })
      } else {
        const plain = (!disciplined || held.includes(guard[cell]!)) && draw(8) !== 0
        const kinds: Kind[] = plain ? ['read', 'set', 'copy', 'bump'] : ['READ', 'WRITE', 'ADD', 'DEC', 'move']
        list.push({ kind: kinds[draw(kinds.length)]!, cell, value: draw(3) })
      }
    }
    while (held.length > 0) list.push({ kind: 'unlock', cell: held.pop()!, value: 0 })
    return list
  }
  return { threads: Array.from({ length: threads }, statements), cells, locks }
}

/** `fine`: plain accesses are ops, too. What a thread has read decides what it tells at its end. */
function bodiesOf({ threads, cells, locks }: Program, fine: boolean): ThreadBody[] {
  resetStore()
  const x = sbrk(cells)
  const lock = sbrk(locks)
  const read = fine ? READ_ONCE : rd
  const write = fine ? WRITE_ONCE : wr
  return threads.map((statements, i) => ({
    name: `T${i}`,
    run() {
      setThread(i + 1)
      let sum = 0
      const add = (n: number): void => {
        sum = (sum * 3 + n) % 101
      }
      for (const { kind, cell, value } of statements) {
        if (kind === 'lock') spin_lock(lock + cell)
        else if (kind === 'unlock') spin_unlock(lock + cell)
        else if (kind === 'trylock') {
          if (spin_trylock(lock + cell)) {
            add(1)
            atomic_add(x + value, 1)
            spin_unlock(lock + cell)
          }
        } else if (kind === 'READ') add(READ_ONCE(x + cell))
        else if (kind === 'WRITE') WRITE_ONCE(x + cell, value)
        else if (kind === 'ADD') atomic_add(x + cell, value)
        else if (kind === 'move') {
          beginAccess()
          const found = READ_ONCE(x + cell)
          add(found)
          WRITE_ONCE(x + (found & 1 ? value % cells : cell), value)
          endAccess()
        } else if (kind === 'DEC') add(50 + atomic_add_return(x + cell, -1))
        else if (kind === 'read') add(read(x + cell))
        else if (kind === 'set') write(x + cell, value)
        else if (kind === 'copy') write(x + cell, sum % 3)
        else write(x + cell, read(x + cell) + 1)
      }
      return sum
    },
  }))
}

interface Finals {
  readonly finals: string
  readonly states: number
}

function finalsOf(p: Program, fine: boolean, how: { readonly reduce: boolean; readonly coalesce: boolean }): Finals {
  const machine = new Machine(bodiesOf(p, fine), { marks: true, pauses: false })
  const finals = new Set<string>()
  const { states } = drain(
    exhaustive(how).explore(
      machine,
      m => {
        const told = [...m.at].map(n => m.trie.results.get(n) ?? 'stuck')
        finals.add([...S.slice(64, 64 + p.cells), ...told, m.bug?.anomaly].join())
      },
      {},
    ),
  )
  return { finals: [...finals].sort().join(' '), states }
}

t.test('coarse, coalesced and fine searches of random programs agree where no race is reported', async t => {
  const draw = lots(20130208)
  const count = { clean: 0, racy: 0, unsound: 0, coalesced: 0, seen: 0 }
  for (let i = 0; i < 1500; i++) {
    const p = program(draw)
    const fine = finalsOf(p, true, { reduce: true, coalesce: false })
    const coarse = finalsOf(p, false, { reduce: true, coalesce: false })
    const coalesced = finalsOf(p, false, { reduce: true, coalesce: true })
    const fineCoalesced = finalsOf(p, true, { reduce: true, coalesce: true })
    if (fineCoalesced.finals !== fine.finals) count.coalesced++
    const { races } = drain(findRaces(bodiesOf(p, false), {}))
    if (races.length > 0) {
      count.racy++
      if (fine.finals !== coarse.finals) count.seen++
      continue
    }
    count.clean++
    if (fine.finals !== coarse.finals) count.unsound++
    if (coarse.finals !== coalesced.finals) count.coalesced++
  }
  t.equal(count.unsound, 0, 'no race reported, other final states')
  t.equal(count.coalesced, 0, 'coalescing changes the final states')
  t.ok(count.clean > 300, 'programs without a race')
  t.ok(count.seen > 100, 'races that change a final state, and are reported')
})

t.test('states matched or not, the same final states', async t => {
  const draw = lots(4)
  for (let i = 0; i < 150; i++) {
    const p = program(draw)
    if (p.threads.length > 2) continue
    const naive = finalsOf(p, true, { reduce: false, coalesce: false })
    const matched = finalsOf(p, true, { reduce: true, coalesce: true })
    t.equal(matched.finals, naive.finals)
  }
})
