// eee2acbae1f2 "mm: avoid repeated anon_vma lock/unlock sequences in unlink_anon_vmas()" (v3.0) and bb4aa39676f7, the
// same of anon_vma_clone: the lock of a family is taken once for all of a vma's anon_vmas. What is empty then is let go
// of afterwards, for the last reference may want the lock.

import { k } from '../../kernel.ts'
import { type AnonVma, type Avc, anon_vma, anon_vma_chain, NULL, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  anon_vma_chain_cachep,
  anon_vma_chain_link,
  anon_vma_interval_tree_remove,
  lock_anon_vma_root,
  unlock_anon_vma_root,
} from '../../mm/rmap_anon_vma.ts'
import { kmem_cache_free, kmem_cache_zalloc } from '../../mm/slab.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'
import { unlink_anon_vmas as unlink_anon_vmas_2_6_39 } from './01d8b20dec5f.ts'
import { linkLocked } from './012f18004da3.ts'

/** Ties `dst` to all anon_vmas of `src`, oldest first. Caller holds mmap_sem for writing. */
function anon_vma_clone_2_6_34(dst: Vma, src: Vma): void {
  for (let pavc = rd(src + vm_area.avc_last); pavc !== 0; pavc = rd(pavc + anon_vma_chain.newer)) {
    const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
    linkLocked(dst, avc, rd(pavc + anon_vma_chain.anon_vma) as AnonVma)
  }
}

export function anon_vma_clone(dst: Vma, src: Vma): void {
  let root: AnonVma = NULL
  for (let pavc = rd(src + vm_area.avc_last); pavc !== 0; pavc = rd(pavc + anon_vma_chain.newer)) {
    const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
    const av = rd(pavc + anon_vma_chain.anon_vma) as AnonVma
    root = lock_anon_vma_root(root, av)
    anon_vma_chain_link(dst, avc, av)
  }
  unlock_anon_vma_root(root)
}

export function unlink_anon_vmas(vma: Vma): void {
  const empty: Avc[] = []
  let root: AnonVma = NULL
  let next = 0
  for (let avc = rd(vma + vm_area.avc_first); avc !== 0; avc = next) {
    next = rd(avc + anon_vma_chain.older)
    const av = rd(avc + anon_vma_chain.anon_vma) as AnonVma
    root = lock_anon_vma_root(root, av)
    anon_vma_interval_tree_remove(avc as Avc, av)
    if (rd(av + anon_vma.rb_root) === 0) empty.push(avc as Avc)
    else kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  unlock_anon_vma_root(root)
  for (const avc of empty) {
    k.put_anon_vma(rd(avc + anon_vma_chain.anon_vma) as AnonVma)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  wr(vma + vm_area.avc_first, 0)
  wr(vma + vm_area.avc_last, 0)
}

export default patch('eee2acbae1f2', {
  subject: 'mm: avoid repeated anon_vma lock/unlock sequences in unlink_anon_vmas()',
  release: 'v3.0',
  needs: ['746b18d421da', '2b575eb64f7a'],
  changes: {
    anon_vma_clone: { before: anon_vma_clone_2_6_34, after: anon_vma_clone },
    unlink_anon_vmas: { before: unlink_anon_vmas_2_6_39, after: unlink_anon_vmas },
  },
})
