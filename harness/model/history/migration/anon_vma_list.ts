// How a vma got its first anon_vma, and how it lost all of them, before v3.0 (mm/rmap.c): the patches of those years
// differ in what an anon_vma that is new begins with, and in when one that has no vmas any more goes.

import { k } from '../../kernel.ts'
import { ENOMEM } from '../../mm/errno.ts'
import { should_fail } from '../../mm/fault-inject.ts'
import {
  type AnonVma,
  type Avc,
  anon_vma,
  anon_vma_chain,
  mm_struct,
  NULL,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { anon_vma_chain_cachep, anon_vma_chain_link, anon_vma_interval_tree_remove } from '../../mm/rmap_anon_vma.ts'
import { kmem_cache_free, kmem_cache_zalloc } from '../../mm/slab.ts'
import { might_sleep, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd, wr } from '../../store.ts'

/** anon_vma_prepare. A new anon_vma is what `fresh` gives; `drop` takes it back if another fault was first. */
export function prepareWith(vma: Vma, fresh: () => AnonVma, drop: (av: AnonVma) => void): number {
  might_sleep()
  if (READ_ONCE(vma + vm_area.anon_vma) !== 0) return 0
  const mm = rd(vma + vm_area.vm_mm)
  if (should_fail('anon_vma')) return -ENOMEM
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  const mergeable = k.find_mergeable_anon_vma(vma)
  const av = mergeable === NULL ? fresh() : mergeable
  k.anon_vma_lock_write(av)
  spin_lock(mm + mm_struct.page_table_lock)
  const mine = rd(vma + vm_area.anon_vma) === 0
  if (mine) {
    WRITE_ONCE(vma + vm_area.anon_vma, av)
    anon_vma_chain_link(vma, avc, av)
  }
  spin_unlock(mm + mm_struct.page_table_lock)
  k.anon_vma_unlock_write(av)
  if (!mine) {
    if (mergeable === NULL) drop(av)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  return 0
}

/**
 * unlink_anon_vmas: unties a vma that is going away, from one anon_vma after the other. Of one without vmas `goes`
 * says, under the lock, whether `free` is to be called then.
 */
export function unlinkWith(vma: Vma, goes: (av: AnonVma) => boolean, free: (av: AnonVma) => void): void {
  let next = 0
  for (let avc = rd(vma + vm_area.avc_first); avc !== 0; avc = next) {
    next = rd(avc + anon_vma_chain.older)
    const av = rd(avc + anon_vma_chain.anon_vma) as AnonVma
    k.anon_vma_lock_write(av)
    anon_vma_interval_tree_remove(avc as Avc, av)
    const empty = rd(av + anon_vma.rb_root) === 0 && goes(av)
    k.anon_vma_unlock_write(av)
    if (empty) free(av)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  wr(vma + vm_area.avc_first, 0)
  wr(vma + vm_area.avc_last, 0)
}
