// Locks that `make locks` leaves out and nobody notices, each with the reason why no other CPU can tell.

export interface Unnoticed {
  readonly file: string
  /** How the tool names it: the function, and the call that takes the lock. */
  readonly taken: string
  readonly because: string
}

export const unnoticed: readonly Unnoticed[] = [
  {
    file: 'harness/model/history/thp-refcount/mm.ts',
    taken: '__get_page_tail: `compound_lock(head)`',
    because:
      'nobody in the model takes a reference of a tail but follow_page, which holds the lock of the page table and counts by get_page_foll',
  },
  {
    file: 'harness/model/mm/rmap_walk.ts',
    taken: 'page_get_anon_vma: `rcu_read_lock()`',
    because:
      'it keeps the slab from giving the memory of anon_vmas back (SLAB_DESTROY_BY_RCU), and the slab of the model never does: what is read is an anon_vma, and whose is asked of the page afterwards',
  },
]
