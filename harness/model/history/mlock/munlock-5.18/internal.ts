// What mm/internal.h has for the rmap since v5.18: a map that comes or goes mlocks or munlocks what it maps.

import { CannotJudge } from '../../../bug.ts'
import { k } from '../../../kernel.ts'
import { type Page, page as struct_page, VM_IO, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import { PageSwapCache, PageTransCompound } from '../../../mm/page-flags.ts'
import { READ_ONCE, test_bit } from '../../../ops.ts'
import { wr } from '../../../store.ts'

/**
 * A vma maps the page anew. A huge page counts by its PMDs only (`compound`). VM_IO beside VM_LOCKED says that mlock
 * walks this vma just now, and will count the page itself. Caller holds the lock of the entry, but not always mmap_sem.
 */
export function mlock_vma_page(page: Page, vma: Vma, compound: boolean): void {
  if ((READ_ONCE(vma + vm_area.vm_flags) & (VM_LOCKED | VM_IO)) !== VM_LOCKED) return
  if (compound || !PageTransCompound(page)) k.mlock_page(page)
}

/** A vma maps the page no more. Caller holds the lock of the entry. */
export function munlock_vma_page(page: Page, vma: Vma, compound: boolean): void {
  if (!test_bit(vma + vm_area.vm_flags, VM_LOCKED)) return
  if (compound || !PageTransCompound(page)) k.munlock_page(page)
}

/**
 * Where a page of the swap cache says which slot it stands for, the model has no room for this. Caller holds lru_lock.
 */
export function set_mlock_count(page: Page, count: number): void {
  if (PageSwapCache(page))
    throw new CannotJudge('a page of the swap cache is mlocked, which the model of v5.18 cannot count')
  wr(page + struct_page.mlock_count, count)
}
