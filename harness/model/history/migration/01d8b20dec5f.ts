// 01d8b20dec5f "mm: simplify anon_vma refcounts" (v2.6.39): the vmas together hold one reference, so that an anon_vma
// goes with its last reference. Before, it went when there were neither vmas nor references, which had to be looked at
// together, under the lock.

import { k } from '../../kernel.ts'
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
import * as rmap from '../../mm/rmap.ts'
import {
  anon_vma_cachep,
  anon_vma_chain_cachep,
  anon_vma_chain_link,
  anon_vma_interval_tree_remove,
} from '../../mm/rmap.ts'
import { kmem_cache_alloc, kmem_cache_free, kmem_cache_zalloc } from '../../mm/slab.ts'
import { atomic_set, might_sleep, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'
import { anonvma_external_refcount } from './7f60c214fd3a.ts'
import {
  anon_vma_prepare as anon_vma_prepare_2_6_36,
  put_anon_vma,
  unlink_anon_vmas as unlink_anon_vmas_2_6_36,
} from './012f18004da3.ts'

const anon_vma_alloc_2_6_34 = (): AnonVma => kmem_cache_alloc(anon_vma_cachep) as AnonVma

/** With the reference of the vmas to come. */
export function anon_vma_alloc(): AnonVma {
  const av = kmem_cache_alloc(anon_vma_cachep) as AnonVma
  atomic_set(av + anon_vma.refcount, 1)
  WRITE_ONCE(av + anon_vma.root, av)
  return av
}

export function anon_vma_prepare(vma: Vma): number {
  might_sleep()
  if (READ_ONCE(vma + vm_area.anon_vma) !== 0) return 0
  const mm = rd(vma + vm_area.vm_mm)
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  let av = k.find_mergeable_anon_vma(vma)
  let allocated = NULL as AnonVma
  if (av === NULL) {
    av = k.anon_vma_alloc()
    allocated = av
  }
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
    if (allocated !== NULL) k.put_anon_vma(allocated)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  return 0
}

export function unlink_anon_vmas(vma: Vma): void {
  let next = 0
  for (let avc = rd(vma + vm_area.avc_first); avc !== 0; avc = next) {
    next = rd(avc + anon_vma_chain.older)
    const av = rd(avc + anon_vma_chain.anon_vma) as AnonVma
    k.anon_vma_lock_write(av)
    anon_vma_interval_tree_remove(avc as Avc, av)
    const empty = rd(av + anon_vma.rb_root) === 0
    k.anon_vma_unlock_write(av)
    if (empty) k.put_anon_vma(av)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  wr(vma + vm_area.avc_first, 0)
  wr(vma + vm_area.avc_last, 0)
}

export default patch('01d8b20dec5f', {
  subject: 'mm: simplify anon_vma refcounts',
  release: 'v2.6.39',
  needs: ['012f18004da3'],
  changes: {
    anon_vma_alloc: { before: anon_vma_alloc_2_6_34, after: anon_vma_alloc },
    anon_vma_prepare: { before: anon_vma_prepare_2_6_36, after: anon_vma_prepare },
    unlink_anon_vmas: { before: unlink_anon_vmas_2_6_36, after: unlink_anon_vmas },
    put_anon_vma: { before: put_anon_vma, after: rmap.put_anon_vma },
    anonvma_external_refcount: { before: anonvma_external_refcount, after: undefined },
  },
})
