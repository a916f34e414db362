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
]
