// 0c176d52b "mm: hugetlb: fix pgoff computation when unmapping page from vma" (v3.4), and 36e4f20af833 "hugetlb: do not
// use vma_hugecache_offset() for vma_prio_tree_foreach" (v3.7), which repairs it.
//
// Where the owner's vma begins in the file decides which children it finds. The file's vmas are ordered by base pages.
// First the owner's offset, which counts base pages, was shifted as if it counted bytes; then the sum counted huge
// pages. All three agree where the vma begins at the file's begin, in its first huge page.

import { f_mapping } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { hstate_vma, huge_page_mask, pages_per_huge_page } from '../../mm/hugetlb_hstate.ts'
import { unmap_ref_private as unmap_ref_private_4_5 } from '../../mm/hugetlb_range.ts'
import { HPAGE_RESV_OWNER, is_vma_resv_set, vma_hugecache_offset } from '../../mm/hugetlb_resv.ts'
import { i_mmap_lock_write, i_mmap_unlock_write, vma_interval_tree_foreach } from '../../mm/interval_tree.ts'
import { type Page, VM_MAYSHARE, type Vma, vm_area } from '../../mm/mm_types.ts'
import { test_bit } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** include/linux/mm.h: as PAGE_SHIFT. */
const PAGE_SHIFT = 12

function unmapFrom(vma: Vma, page: Page, start: number, pgoff: number): void {
  const mapping = f_mapping(vma)
  i_mmap_lock_write(mapping)
  vma_interval_tree_foreach(mapping, pgoff, pgoff, iter_vma => {
    if (iter_vma === vma) return
    if (test_bit(iter_vma + vm_area.vm_flags, VM_MAYSHARE)) return
    if (!is_vma_resv_set(iter_vma, HPAGE_RESV_OWNER))
      k.unmap_hugepage_range(iter_vma, start, start + pages_per_huge_page(hstate_vma(vma)), page)
  })
  i_mmap_unlock_write(mapping)
}

function unmap_ref_private(vma: Vma, page: Page, addr: number): void {
  const start = addr & huge_page_mask(hstate_vma(vma))
  const pgoff = start - rd(vma + vm_area.vm_start) + (rd(vma + vm_area.vm_pgoff) >> PAGE_SHIFT)
  unmapFrom(vma, page, start, pgoff)
}

function unmap_ref_private_3_4(vma: Vma, page: Page, addr: number): void {
  const start = addr & huge_page_mask(hstate_vma(vma))
  unmapFrom(vma, page, start, vma_hugecache_offset(hstate_vma(vma), vma, addr))
}

export const fixed = patch('36e4f20af833', {
  subject: 'hugetlb: do not use vma_hugecache_offset() for vma_prio_tree_foreach',
  release: 'v3.7',
  needs: ['0c176d52b'],
  changes: { unmap_ref_private: { before: unmap_ref_private_3_4, after: unmap_ref_private_4_5 } },
})

export default patch('0c176d52b', {
  subject: 'mm: hugetlb: fix pgoff computation when unmapping page from vma',
  release: 'v3.4',
  changes: { unmap_ref_private: { before: unmap_ref_private, after: unmap_ref_private_3_4 } },
})
