// Address spaces coming and going (kernel/fork.c, v4.5).

import { k } from '../kernel.ts'
import { atomic_dec_and_test, atomic_set, down_write, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { type Mm, mm_struct, NULL, VM_DONTCOPY, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from './mm_types.ts'
import { vm_area_alloc, vma_link } from './mmap.ts'
import { pgd_alloc, pgd_free } from './pgtable.ts'
import { type Cache, kmem_cache_create_poisoned, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'

export let mm_cachep: Cache

export function fork_init(): void {
  mm_cachep = kmem_cache_create_poisoned('mm_struct', mm_struct.SIZE)
}

/** An empty address space with one user. */
export function mm_alloc(): Mm {
  const mm = kmem_cache_zalloc(mm_cachep) as Mm
  wr(mm + mm_struct.pgd, pgd_alloc())
  atomic_set(mm + mm_struct.mm_users, 1)
  return mm
}

/** fork(2): a copy of the caller's address space, pages shared until one of the two writes. */
export function dup_mm(oldmm: Mm): Mm {
  const mm = mm_alloc()
  down_write(oldmm + mm_struct.mmap_sem)
  down_write(mm + mm_struct.mmap_sem)
  let prev = NULL as Vma
  for (let mpnt = rd(oldmm + mm_struct.mmap) as Vma; mpnt !== NULL; mpnt = rd(mpnt + vm_area.vm_next) as Vma) {
    const flags = rd(mpnt + vm_area.vm_flags)
    if (flags & VM_DONTCOPY) continue
    // Locks are not inherited.
    const tmp = vm_area_alloc(
      mm,
      rd(mpnt + vm_area.vm_start),
      rd(mpnt + vm_area.vm_end),
      flags & VM_LOCKED_CLEAR_MASK,
      rd(mpnt + vm_area.vm_pgoff),
    )
    k.anon_vma_fork(tmp, mpnt)
    // The vma is linked before its entries are copied, so that rmap finds them in the child too.
    vma_link(mm, tmp, prev)
    prev = tmp
    k.copy_page_range(mm, oldmm, mpnt)
  }
  up_write(mm + mm_struct.mmap_sem)
  up_write(oldmm + mm_struct.mmap_sem)
  return mm
}

/** Drops a user; with the last one everything mapped goes (mmput, mmdrop). */
export function mmput(mm: Mm): void {
  if (!atomic_dec_and_test(mm + mm_struct.mm_users)) return
  k.exit_mmap(mm)
  pgd_free(rd(mm + mm_struct.pgd))
  kmem_cache_free(mm_cachep, mm)
}
