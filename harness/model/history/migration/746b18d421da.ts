// 746b18d421da "mm: use refcounts for page_lock_anon_vma()" (v3.0): a reference keeps the anon_vma, not the RCU section
// up to the unlock, so that its lock may become one that sleeps. What the count was is asked before it is raised, and
// whether the page is mapped after that.

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { type AnonVma, NULL, type Page, page } from '../../mm/mm_types.ts'
import {
  lock_page,
  PageAnon,
  PageSwapCache,
  page_mapped,
  unlock_page,
  wait_on_page_writeback,
} from '../../mm/page-flags.ts'
import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { anon_vma_cachep } from '../../mm/rmap_anon_vma.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../mm/rmap_unmap.ts'
import * as rmap_walk from '../../mm/rmap_walk.ts'
import { kmem_cache_free } from '../../mm/slab.ts'
import { READ_ONCE } from '../../ops.ts'
import { rcu_read_unlock } from '../../rcu.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move as unmap_and_move_2_6_38 } from './1ce82b69e96c.ts'
import { page_lock_anon_vma } from './f18194275c39.ts'

/** The lock and the RCU section in which it was found. */
export function page_unlock_anon_vma(av: AnonVma): void {
  k.anon_vma_unlock_read(av)
  rcu_read_unlock()
}

/** Who holds the lock has found the page mapped under it: the anon_vma has vmas. */
const freeAtOnce = (av: AnonVma): void => kmem_cache_free(anon_vma_cachep, av)

/** Nothing of that name yet: who wanted a reference took it under the lock. */
function lockAndGet(p: Page): AnonVma {
  const av = k.page_lock_anon_vma_read(p)
  if (av === NULL) return av
  k.get_anon_vma(av)
  k.page_unlock_anon_vma_read(av)
  return av
}

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  let remap_swapcache = true
  lock_page(p)
  wait_on_page_writeback(p)
  if (PageAnon(p)) {
    av = k.page_get_anon_vma(p)
    if (av === NULL && PageSwapCache(p)) {
      remap_swapcache = false
    } else if (av === NULL) {
      unlock_page(p)
      return rc
    }
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p, remap_swapcache)
  if (rc !== 0 && remap_swapcache) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

export default patch('746b18d421da', {
  subject: 'mm: use refcounts for page_lock_anon_vma()',
  release: 'v3.0',
  needs: ['01d8b20dec5f'],
  changes: {
    anon_vma_free: { before: freeAtOnce, after: rmap_anon_vma.anon_vma_free },
    __unmap_and_move: { before: unmap_and_move_2_6_38, after: __unmap_and_move },
    page_get_anon_vma: { before: lockAndGet, after: rmap_walk.page_get_anon_vma },
    page_lock_anon_vma_read: { before: page_lock_anon_vma, after: rmap_walk.page_lock_anon_vma_read },
    page_unlock_anon_vma_read: { before: page_unlock_anon_vma, after: rmap_walk.page_unlock_anon_vma_read },
  },
})
