// Address spaces coming and going (kernel/fork.c, v4.5).

import { file_inode, get_file } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_dec_and_test, atomic_set, down_write, READ_ONCE, up_write, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { reset_vma_resv_huge_pages } from './hugetlb_resv.ts'
import { INIT_LIST_HEAD } from './list.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  task_struct,
  VM_DONTCOPY,
  VM_LOCKED_CLEAR_MASK,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { __vma_link_file } from './mmap_file.ts'
import { vm_area_alloc, vma_link } from './mmap_vma.ts'
import { mmlistDel, mmlistEmpty } from './mmlist.ts'
import { pgd_alloc, pgd_free } from './pgtable.ts'
import {
  type Cache,
  kmem_cache_create,
  kmem_cache_create_poisoned,
  kmem_cache_free,
  kmem_cache_zalloc,
} from './slab.ts'

export let mm_cachep: Cache
export let task_struct_cachep: Cache

export function fork_init(): void {
  mm_cachep = kmem_cache_create_poisoned('mm_struct', mm_struct.SIZE)
  task_struct_cachep = kmem_cache_create('task_struct', task_struct.SIZE)
}

/**
 * An empty address space with one user, and the process that this is. The process is never freed: who sends it a signal
 * holds it (get_task_struct), also when its memory is gone.
 */
export function mm_alloc(): Mm {
  const mm = kmem_cache_zalloc(mm_cachep) as Mm
  wr(mm + mm_struct.pgd, pgd_alloc())
  atomic_set(mm + mm_struct.mm_users, 1)
  INIT_LIST_HEAD(mm + mm_struct.mmlist)
  wr(mm + mm_struct.owner, kmem_cache_zalloc(task_struct_cachep))
  return mm
}

/** fork(2): a copy of the caller's address space, pages shared until one of the two writes. */
export function dup_mm(oldmm: Mm): Mm {
  const mm = mm_alloc()
  // dup_task_struct: flags are inherited, signals that wait are not.
  const flags = READ_ONCE(rd(oldmm + mm_struct.owner) + task_struct.flags)
  WRITE_ONCE(rd(mm + mm_struct.owner) + task_struct.flags, flags)
  down_write(oldmm + mm_struct.mmap_sem)
  down_write(mm + mm_struct.mmap_sem)
  wr(mm + mm_struct.start_brk, rd(oldmm + mm_struct.start_brk))
  wr(mm + mm_struct.brk, rd(oldmm + mm_struct.brk))
  let prev = NULL as Vma
  for (let mpnt = rd(oldmm + mm_struct.mmap) as Vma; mpnt !== NULL; mpnt = rd(mpnt + vm_area.vm_next) as Vma) {
    const vm_flags = rd(mpnt + vm_area.vm_flags)
    if (vm_flags & VM_DONTCOPY) continue
    // Locks are not inherited.
    const tmp = vm_area_alloc(
      mm,
      rd(mpnt + vm_area.vm_start),
      rd(mpnt + vm_area.vm_end),
      vm_flags & VM_LOCKED_CLEAR_MASK,
      rd(mpnt + vm_area.vm_pgoff),
    )
    // Whoever finds the vma by its anon_vma may ask whose huge pages these are.
    wr(tmp + vm_area.vm_file, rd(mpnt + vm_area.vm_file))
    k.anon_vma_fork(tmp, mpnt)
    k.dupFile(tmp, mpnt)
    // The vma is linked before its entries are copied, so that rmap finds them in the child too.
    vma_link(mm, tmp, prev)
    prev = tmp
    k.copy_page_range(mm, oldmm, mpnt)
    if (is_vm_hugetlb_page(tmp)) k.hugetlb_vm_op_open(tmp)
  }
  up_write(mm + mm_struct.mmap_sem)
  up_write(oldmm + mm_struct.mmap_sem)
  return mm
}

/**
 * The part of dup_mmap that is about files: the child's vma joins those that map it, without reservations of its own.
 */
export function dupFile(tmp: Vma, mpnt: Vma): void {
  const file = file_inode(mpnt)
  if (file === NULL) return
  get_file(file)
  WRITE_ONCE(tmp + vm_area.vm_private_data, READ_ONCE(mpnt + vm_area.vm_private_data))
  __vma_link_file(tmp)
  if (is_vm_hugetlb_page(tmp)) reset_vma_resv_huge_pages(tmp)
}

/** Drops a user; with the last one everything mapped goes (mmput, mmdrop). May sleep. */
export function mmput(mm: Mm): void {
  if (!atomic_dec_and_test(mm + mm_struct.mm_users)) return
  k.exit_mmap(mm)
  if (!mmlistEmpty(mm)) mmlistDel(mm)
  pgd_free(rd(mm + mm_struct.pgd))
  kmem_cache_free(mm_cachep, mm)
}
