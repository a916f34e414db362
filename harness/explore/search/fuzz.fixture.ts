// Random programs for searches: a few threads, locks, atomics, plain and labelled accesses.

import { told } from '../../model/calls.ts'
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
import { rd, resetStore, sbrk, wr } from '../../model/store.ts'
import type { ThreadBody } from './recorder.ts'

type Kind =
  | 'lock'
  | 'unlock'
  | 'trylock'
  | 'READ'
  | 'WRITE'
  | 'ADD'
  | 'DEC'
  | 'move'
  | 'ask'
  | 'read'
  | 'set'
  | 'copy'
  | 'bump'
interface Statement {
  readonly kind: Kind
  readonly cell: number
  readonly value: number
}
export interface Program {
  readonly threads: readonly (readonly Statement[])[]
  readonly cells: number
  readonly locks: number
}

/** `long`: of two threads, which have more to do. */
export function program(draw: (n: number) => number, long = false): Program {
  const threads = !long && draw(3) === 0 ? 3 : 2
  const cells = 1 + draw(3)
  const locks = 1 + draw(2)
  const guard = Array.from({ length: cells }, () => draw(locks))
  // Two in three keep to their locks; one in five tries one.
  const disciplined = draw(3) !== 0
  const tries = draw(5) === 0
  const statements = (): Statement[] => {
    const list: Statement[] = []
    const held: number[] = []
    for (let i = (long ? 8 : 2) + draw(threads === 2 ? 6 : 4); i > 0; i--) {
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
        const kinds: Kind[] = plain ? ['read', 'set', 'copy', 'bump'] : ['READ', 'WRITE', 'ADD', 'DEC', 'move', 'ask']
        list.push({ kind: kinds[draw(kinds.length)]!, cell, value: draw(3) })
      }
    }
    while (held.length > 0) list.push({ kind: 'unlock', cell: held.pop()!, value: 0 })
    return list
  }
  return { threads: Array.from({ length: threads }, statements), cells, locks }
}

/**
 * Functions that read and write more than they tell: they are forgotten when they are through, one inside the other.
 */
const halfOf = told((cell: number): number => READ_ONCE(cell) >> 1)
const askAt = told((x: number, cell: number): boolean => {
  const half = halfOf(x + cell)
  WRITE_ONCE(x + (half & 1 ? 0 : cell), half)
  return half === 0
})

/** `fine`: plain accesses are ops, too. What a thread has read decides what it tells at its end. */
export function bodiesOf({ threads, cells, locks }: Program, fine: boolean): ThreadBody[] {
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
        } else if (kind === 'ask') add(askAt(x, cell) ? 1 : 0)
        else if (kind === 'DEC') add(50 + atomic_add_return(x + cell, -1))
        else if (kind === 'read') add(read(x + cell))
        else if (kind === 'set') write(x + cell, value)
        else if (kind === 'copy') write(x + cell, sum % 3)
        else write(x + cell, read(x + cell) + 1)
      }
      return sum
    },
  }))
}
