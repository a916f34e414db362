// The address spaces that may have swap entries (mmlist of struct mm_struct, kernel/fork.c, v4.5): swapoff looks
// through these and no others. One that has joined stays until it goes.

import { atomic_inc_not_zero, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'
import { INIT_LIST_HEAD } from './list.ts'
import { type Mm, mm_struct } from './mm_types.ts'

/** init_mm.mmlist, and mmlist_lock behind it. */
let head = 0
const lock = (): number => head + 2

export function init_mmlist(): void {
  head = sbrk(3)
  INIT_LIST_HEAD(head)
}

/** Also without the lock: one that has joined stays. */
export const mmlistEmpty = (mm: Mm): boolean => READ_ONCE(mm + mm_struct.mmlist) === mm + mm_struct.mmlist

/** Joins, unless it is there; a child behind its parent. */
export function mmlistAdd(mm: Mm, parent?: Mm): void {
  spin_lock(lock())
  if (mmlistEmpty(mm)) {
    const entry = mm + mm_struct.mmlist
    const prev = parent === undefined ? head : parent + mm_struct.mmlist
    const next = rd(prev)
    wr(next + 1, entry)
    wr(entry + 1, prev)
    WRITE_ONCE(entry, next)
    WRITE_ONCE(prev, entry)
  }
  spin_unlock(lock())
}

/** The last user of the address space is gone. */
export function mmlistDel(mm: Mm): void {
  spin_lock(lock())
  const next = rd(mm + mm_struct.mmlist)
  const prev = rd(mm + mm_struct.mmlist + 1)
  wr(next + 1, prev)
  WRITE_ONCE(prev, next)
  spin_unlock(lock())
}

/** All that are there now, and of these who still has a user: it stays one until the caller drops it (mmput). */
export function mmlistGet(): { readonly all: readonly Mm[]; readonly held: readonly Mm[] } {
  const all: Mm[] = []
  spin_lock(lock())
  for (let at = rd(head); at !== head; at = rd(at)) all.push((at - mm_struct.mmlist) as Mm)
  const held = all.filter(mm => atomic_inc_not_zero(mm + mm_struct.mm_users))
  spin_unlock(lock())
  return { all, held }
}

/** Whether swapoff would find the address space; for truth.ts. */
export const isOnMmlist = (mm: Mm): boolean => S[mm + mm_struct.mmlist] !== mm + mm_struct.mmlist
