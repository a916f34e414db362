// The vmas that map a file (mm/interval_tree.c and i_mmap of struct address_space): a list, under i_mmap_rwsem.

import { down_read, down_write, up_read, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { type AddressSpace, type Vma, vm_area } from './mm_types.ts'

/** include/linux/fs.h */
export const address_space = {
  /** Nodes of the page cache, and the lock under which it changes: see filemap.ts. */
  page_tree: 1,
  tree_lock: 2,
  nrpages: 3,
  i_mmap: 4,
  i_mmap_last: 5,
  i_mmap_rwsem: 6,
} as const
const { i_mmap, i_mmap_last, i_mmap_rwsem } = address_space
const { shared_next, shared_prev, vm_pgoff, vm_start, vm_end } = vm_area

export const i_mmap_lock_write = (mapping: AddressSpace): void => down_write(mapping + i_mmap_rwsem)
export const i_mmap_unlock_write = (mapping: AddressSpace): void => up_write(mapping + i_mmap_rwsem)
export const i_mmap_lock_read = (mapping: AddressSpace): void => down_read(mapping + i_mmap_rwsem)
export const i_mmap_unlock_read = (mapping: AddressSpace): void => up_read(mapping + i_mmap_rwsem)

export function vma_interval_tree_insert(vma: Vma, mapping: AddressSpace): void {
  const last = rd(mapping + i_mmap_last)
  wr(vma + shared_prev, last)
  wr(vma + shared_next, 0)
  wr(last === 0 ? mapping + i_mmap : last + shared_next, vma)
  wr(mapping + i_mmap_last, vma)
}

export function vma_interval_tree_remove(vma: Vma, mapping: AddressSpace): void {
  const next = rd(vma + shared_next)
  const prev = rd(vma + shared_prev)
  wr(next === 0 ? mapping + i_mmap_last : next + shared_prev, prev)
  wr(prev === 0 ? mapping + i_mmap : prev + shared_next, next)
}

/** The vmas that map any of base pages first..last of the file. */
export function vma_interval_tree_foreach(
  mapping: AddressSpace,
  first: number,
  last: number,
  visit: (vma: Vma) => void,
): void {
  vma_interval_tree_foreach_while(mapping, first, last, vma => {
    visit(vma)
    return true
  })
}

/** As vma_interval_tree_foreach, until `visit` says no. */
export function vma_interval_tree_foreach_while(
  mapping: AddressSpace,
  first: number,
  last: number,
  visit: (vma: Vma) => boolean,
): void {
  for (let vma = rd(mapping + i_mmap); vma !== 0; vma = rd(vma + shared_next)) {
    const pgoff = rd(vma + vm_pgoff)
    const maps = pgoff <= last && pgoff + rd(vma + vm_end) - rd(vma + vm_start) > first
    if (maps && !visit(vma as Vma)) return
  }
}
