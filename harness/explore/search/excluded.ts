// Whether there is anything to race: two threads of which one lock covers whatever both touch run one after the other,
// however often they are started at once.

import { cellName } from '../../model/names.ts'
import { LockSets } from './locksets.ts'
import type { Machine } from './machine.ts'
import { isWrite, maskOf } from './sharing.ts'
import { isAccess, type Trie } from './trie.ts'

/** Locks under which a thread touches what the other touches too: held in any way, and held alone. */
interface Cover {
  held: number
  owned: number
}

/**
 * Why no two threads of an explored machine ever meet, in words; undefined: some do. Only locks that are held for whole
 * system calls (mmap_sem) are a reason: under a spinlock two calls alternate.
 */
export function whyNobodyMeets(machine: Machine): string | undefined {
  const touched = touchedBy(machine.trie)
  const reasons: string[] = []
  for (let a = 0; a < machine.threads; a++) {
    for (let b = a + 1; b < machine.threads; b++) {
      const lock = coverOf(machine.trie, touched, a, b)
      if (lock === undefined) return undefined
      reasons.push(`${machine.names[a]} and ${machine.names[b]} exclude each other by ${lock}`)
    }
  }
  return reasons.length === 0 ? undefined : reasons.join(', ')
}

/** By cell: which threads touch it, and which of them write. */
function touchedBy(trie: Trie): ReadonlyMap<number, { all: number; writers: number }> {
  const touched = new Map<number, { all: number; writers: number }>()
  for (let n = 1; n < trie.size; n++) {
    if (!isAccess(trie.kind[n]!)) continue
    const cell = touched.get(trie.cell[n]!) ?? { all: 0, writers: 0 }
    cell.all |= 1 << trie.thread[n]!
    if (isWrite(trie.kind[n]!)) cell.writers |= 1 << trie.thread[n]!
    touched.set(trie.cell[n]!, cell)
  }
  return touched
}

/** The semaphore of an address space that covers all that two threads both touch, one of them to write. */
function coverOf(trie: Trie, touched: ReturnType<typeof touchedBy>, a: number, b: number): string | undefined {
  const covers = new Map<number, Cover>()
  const both = (1 << a) | (1 << b)
  for (let n = 1; n < trie.size; n++) {
    const thread = trie.thread[n]!
    if ((thread !== a && thread !== b) || !isAccess(trie.kind[n]!) || maskOf(trie, n) === 0) continue
    const { all, writers } = touched.get(trie.cell[n]!)!
    if ((all & both) !== both || (writers & both) === 0 || isSemaphore(trie.cell[n]!)) continue
    const cover = covers.get(thread)
    const [held, owned] = [trie.held[n]!, trie.owned[n]!]
    if (cover === undefined) covers.set(thread, { held, owned })
    else {
      cover.held = trie.locks.meet(cover.held, held)
      cover.owned = trie.locks.meet(cover.owned, owned)
      if (cover.held === LockSets.none) return undefined
    }
  }
  const [p, q] = [covers.get(a), covers.get(b)]
  if (p === undefined || q === undefined) return undefined
  const common = [trie.locks.meet(p.held, q.owned), trie.locks.meet(p.owned, q.held)].filter(s => s !== LockSets.none)
  const cells = common.flatMap(set => trie.locks.cellsOf(set))
  const semaphore = cells.find(isSemaphore)
  return semaphore === undefined ? undefined : cellName(semaphore)
}

const isSemaphore = (cell: number): boolean => cellName(cell) === 'mm_struct.mmap_sem'
