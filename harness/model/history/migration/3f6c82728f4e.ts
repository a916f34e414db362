// 3f6c82728f4e "mm: migration: take a reference to the anon_vma before migrating" (v2.6.35). Before, migration relied
// on RCU alone: it keeps the memory an anon_vma, but not whose. Now it takes a reference, of whatever the page's
// mapping names, be the page mapped or not: of a page that nobody maps that may have been freed long ago.

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { type AnonVma, anon_vma, NULL, type Page, page } from '../../mm/mm_types.ts'
import { lock_page, PageAnon, page_mapped, unlock_page, wait_on_page_writeback } from '../../mm/page-flags.ts'
import { anon_vma_cachep, get_anon_vma } from '../../mm/rmap_anon_vma.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../mm/rmap_unmap.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { kmem_cache_free } from '../../mm/slab.ts'
import { atomic_inc, atomic_read, READ_ONCE } from '../../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { atomic_dec_and_lock } from './atomic_dec_and_lock.ts'

declare module '../../kernel.ts' {
  interface Patched {
    /** References that keep an anon_vma without vmas (v2.6.35 include/linux/rmap.h). */
    anonvma_external_refcount: (av: AnonVma) => number
  }
}

/** v2.6.34: from PageAnon to the end an RCU section, in which nobody may sleep. */
function __unmap_and_move_2_6_34(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) rcu_read_lock()
  // A page that was read into the swap cache and never mapped has no mapping.
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) {
    rcu_read_lock()
    av = page_anon_vma(p)
    k.get_anon_vma(av)
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

// ---- who holds an anon_vma without vmas: KSM alone, then migration too ----------------------------------------------

const ksm_refcount = (av: AnonVma): number => atomic_read(av + anon_vma.ksm_refcount)

/** mm/ksm.c: hold_anon_vma. */
const hold_anon_vma = (av: AnonVma): void => atomic_inc(av + anon_vma.ksm_refcount)

/** mm/ksm.c: drop_anon_vma. */
function drop_anon_vma(av: AnonVma): void {
  if (!atomic_dec_and_lock(av + anon_vma.ksm_refcount, av + anon_vma.rwsem)) return
  const empty = rd(av + anon_vma.rb_root) === 0
  k.anon_vma_unlock_write(av)
  if (empty) kmem_cache_free(anon_vma_cachep, av)
}

/** migrate_refcount, which is counted apart, is what became refcount. */
export const ksmAndMigrateRefcount = (av: AnonVma): number => ksm_refcount(av) + atomic_read(av + anon_vma.refcount)

/**
 * Where unmap_and_move does it, and drop_anon_vma since v2.6.36: frees an anon_vma that has no vmas; until 7f60c214fd3a
 * although KSM may hold it.
 */
export function putForMigration(av: AnonVma): void {
  if (!atomic_dec_and_lock(av + anon_vma.refcount, av + anon_vma.rwsem)) return
  const empty = rd(av + anon_vma.rb_root) === 0
  k.anon_vma_unlock_write(av)
  if (empty) kmem_cache_free(anon_vma_cachep, av)
}

export default patch('3f6c82728f4e', {
  subject: 'mm: migration: take a reference to the anon_vma before migrating',
  release: 'v2.6.35',
  changes: {
    __unmap_and_move: { before: __unmap_and_move_2_6_34, after: __unmap_and_move },
    anonvma_external_refcount: { before: ksm_refcount, after: ksmAndMigrateRefcount },
    get_anon_vma: { before: hold_anon_vma, after: get_anon_vma },
    put_anon_vma: { before: drop_anon_vma, after: putForMigration },
  },
})
