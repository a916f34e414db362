// Read-copy-update (include/linux/rcupdate.h): readers go by pointers that others may take away meanwhile, and what was
// taken away is used for something else only when all who were reading then have left.

import {
  beginAccess,
  clear_bit,
  endAccess,
  enterSection,
  leaveSection,
  myBit,
  READ_ONCE,
  set_bit,
  WRITE_ONCE,
} from './ops.ts'
import { POISON_FREE } from './store.ts'

/** Stands behind an object that readers may go on using. */
export const rcu_head = {
  /** The next that waits. */
  next: 0,
  /** Who was in a section when the object was freed, and still is: bits of threads. 0: nobody, or it is not freed. */
  readers: 1,
  SIZE: 2,
} as const

/** Cells in front of an rcu_head that are given back with it. */
export const RCU_OBJECT = 8

let sections = 0
let waiting = 0

/** Two cells: a bit for each thread that is in a section, and the first object that waits for readers. */
export function init_rcu(cells: number): void {
  sections = cells
  waiting = cells + 1
}

/** For names. */
export function rcuCellName(cell: number): string | undefined {
  if (sections === 0 || cell < sections || cell > waiting) return undefined
  return cell === sections ? 'RCU sections' : 'what waits for readers'
}

/** Until the section ends, what the reader can find stays what it is. Sections may lie in one another. */
export function rcu_read_lock(): void {
  if (enterSection()) set_bit(sections, myBit())
}

/** The last of those who may use what was freed gives it back. */
export function rcu_read_unlock(): void {
  if (!leaveSection()) return
  beginAccess()
  clear_bit(sections, myBit())
  let at = waiting
  for (let head = READ_ONCE(at); head !== 0; head = READ_ONCE(at)) {
    const left = READ_ONCE(head + rcu_head.readers) & ~myBit()
    WRITE_ONCE(head + rcu_head.readers, left)
    if (left !== 0) {
      at = head + rcu_head.next
    } else {
      WRITE_ONCE(at, READ_ONCE(head + rcu_head.next))
      poison(head)
    }
  }
  endAccess()
}

/**
 * Gives back the object in front of `head` when all who are in a section now have left; at once, if there are none: of
 * all moments at which the kernel may, the first. Returns whether it waits.
 */
export function free_rcu(head: number): boolean {
  beginAccess()
  const readers = READ_ONCE(sections)
  WRITE_ONCE(head + rcu_head.readers, readers)
  if (readers === 0) {
    poison(head)
  } else {
    WRITE_ONCE(head + rcu_head.next, READ_ONCE(waiting))
    WRITE_ONCE(waiting, head)
  }
  endAccess()
  return readers !== 0
}

/** The object is taken for something new of its kind before it was given back. False: it was. */
export function reuse_rcu(head: number): boolean {
  beginAccess()
  const readers = READ_ONCE(head + rcu_head.readers)
  if (readers !== 0) {
    WRITE_ONCE(head + rcu_head.readers, 0)
    let at = waiting
    for (let next = READ_ONCE(at); next !== head; next = READ_ONCE(at)) at = next + rcu_head.next
    WRITE_ONCE(at, READ_ONCE(head + rcu_head.next))
  }
  endAccess()
  return readers !== 0
}

/** From here on the memory is anybody's. */
function poison(head: number): void {
  for (let cell = head - RCU_OBJECT; cell < head; cell++) WRITE_ONCE(cell, POISON_FREE)
}
