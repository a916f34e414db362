// swapon(2) and swapoff(2) of the machine's area (mm/swapfile.c, v4.5). swapoff brings every page back to those who
// have swapped it out: slot by slot, each into all address spaces that may name it.

import { k } from '../kernel.ts'
import { atomic_add, atomic_set, down_read, READ_ONCE, schedule, spin_lock, spin_unlock, up_read } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EBUSY, EINVAL, ENOMEM } from './errno.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { add_anon_rss, mkold, vm_page_prot } from './memory.ts'
import { pmd_addr_end } from './memory_range.ts'
import { add_swap_ents } from './memory_swap.ts'
import { type Mm, mm_struct, NULL, type Page, type Pmdp, type Pte, type Swp, type Vma, vm_area } from './mm_types.ts'
import { mmlistGet } from './mmlist.ts'
import {
  ClearPageDirty,
  get_page,
  lock_page,
  PageDirty,
  PageSwapCache,
  page_cache_release,
  page_swap_entry,
  SetPageDirty,
  unlock_page,
  wait_on_page_writeback,
} from './page-flags.ts'
import {
  mk_pte,
  pmd_offset,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  read_pmd,
  read_pte,
  SOFT_DIRTY,
  set_pte,
} from './pgtable.ts'
import { SWAP_MAP_SHMEM, SWAPFILE_CLUSTER, SWP_USED, SWP_WRITEOK, swap_count, swap_info } from './swapfile_map.ts'
import { swp_entry_to_pte } from './swapops.ts'

/** swapon(2). 0; -EINVAL: there is no area; -EBUSY: it is on. */
export function sys_swapon(): number {
  if (swap_info.max === 0) return -EINVAL
  spin_lock(swap_info.lock)
  const used = (rd(swap_info.flags) & SWP_USED) !== 0
  if (!used) {
    wr(swap_info.flags, SWP_USED | SWP_WRITEOK)
    // Slot 0 is the header.
    wr(swap_info.lowest_bit, 1)
    // The first slot that is asked for begins a cluster: of an empty area that is the first.
    wr(swap_info.cluster_next, 1)
    wr(swap_info.cluster_nr, SWAPFILE_CLUSTER)
    atomic_set(swap_info.total_swap_pages, swap_info.max - 1)
    atomic_set(swap_info.nr_swap_pages, swap_info.max - 1)
  }
  spin_unlock(swap_info.lock)
  return used ? -EBUSY : 0
}

/**
 * swapoff(2). 0; -EINVAL: the area is off; -ENOMEM: there is no memory for what it holds, and it stays on. May sleep.
 */
export function sys_swapoff(): number {
  spin_lock(swap_info.lock)
  const used = (rd(swap_info.flags) & SWP_WRITEOK) !== 0
  if (used) {
    wr(swap_info.flags, SWP_USED)
    atomic_add(swap_info.nr_swap_pages, 1 - swap_info.max)
    atomic_add(swap_info.total_swap_pages, 1 - swap_info.max)
  }
  spin_unlock(swap_info.lock)
  if (!used) return -EINVAL
  const err = k.try_to_unuse()
  spin_lock(swap_info.lock)
  wr(swap_info.flags, err === 0 ? 0 : SWP_USED | SWP_WRITEOK)
  if (err !== 0) {
    atomic_add(swap_info.nr_swap_pages, swap_info.max - 1)
    atomic_add(swap_info.total_swap_pages, swap_info.max - 1)
  }
  spin_unlock(swap_info.lock)
  return err
}

/** Every slot in use is brought back. 0, or -ENOMEM. */
export function try_to_unuse(): number {
  for (let entry = 1 as Swp; entry < swap_info.max; entry = (entry + 1) as Swp) {
    const cell = swap_info.swap_map + entry
    let before: readonly Mm[] = []
    for (let used = READ_ONCE(cell); used !== 0; used = READ_ONCE(cell)) {
      const mms = k.unuseSlot(entry)
      if (mms === undefined) return -ENOMEM
      // The kernel looks again and again. Who has the entry now, and was there before, is about to go: so it waits
      // until the count is not as it was before the look.
      const same = mms.length === before.length && mms.every((mm, i) => mm === before[i])
      if (same && READ_ONCE(cell) !== 0) schedule(cell, used)
      before = mms
    }
  }
  return 0
}

/** Brings one slot back to all that name it; returns whom it has looked for, undefined: memory is out. */
export function unuseSlot(entry: Swp): readonly Mm[] | undefined {
  const page = k.read_swap_cache_async(entry)
  if (page === NULL) return READ_ONCE(swap_info.swap_map + entry) === 0 ? [] : undefined
  wait_on_page_writeback(page)
  lock_page(page)
  wait_on_page_writeback(page)
  if (swap_count(READ_ONCE(swap_info.swap_map + entry)) === SWAP_MAP_SHMEM) {
    k.shmem_unuse(entry, page)
    return []
  }
  const { all, held } = mmlistGet()
  for (const mm of held) {
    if (swap_count(READ_ONCE(swap_info.swap_map + entry)) !== 0) k.unuse_mm(mm, entry, page)
    unlock_page(page)
    k.mmput(mm)
    lock_page(page)
  }
  const isOurs = (): boolean => PageSwapCache(page) && page_swap_entry(page) === entry
  // Somebody still wants it from the slot.
  if (swap_count(READ_ONCE(swap_info.swap_map + entry)) !== 0 && PageDirty(page) && isOurs()) {
    ClearPageDirty(page)
    k.swap_writepage(page, false)
    lock_page(page)
    wait_on_page_writeback(page)
  }
  if (isOurs()) k.delete_from_swap_cache(page)
  // Reclaim must not think that it need not be written.
  SetPageDirty(page)
  unlock_page(page)
  page_cache_release(page)
  return all
}

/** One address space. Caller holds the page lock, which is dropped and taken again (the kernel first tries without). */
export function unuse_mm(mm: Mm, entry: Swp, page: Page): void {
  unlock_page(page)
  down_read(mm + mm_struct.mmap_sem)
  lock_page(page)
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL; vma = rd(vma + vm_area.vm_next) as Vma) {
    if (READ_ONCE(vma + vm_area.anon_vma) !== 0 && !is_vm_hugetlb_page(vma) && k.unuse_vma(vma, entry, page)) break
  }
  up_read(mm + mm_struct.mmap_sem)
}

/** Says whether the vma had the entry. Caller holds mmap_sem for reading, and the page lock. */
export function unuse_vma(vma: Vma, entry: Swp, page: Page): boolean {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const end = rd(vma + vm_area.vm_end)
  let next = 0
  for (let addr = rd(vma + vm_area.vm_start); addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL || !pointsToTable(read_pmd(pmd))) continue
    for (let a = addr; a < next; a++) if (k.unuse_pte(vma, pmd, a, entry, page)) return true
  }
  return false
}

/** The page takes the place of one entry, if it is this one. Caller holds the page lock. */
export function unuse_pte(vma: Vma, pmd: Pmdp, addr: number, entry: Swp, page: Page): boolean {
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  const isEntry = (e: number): boolean => (e & ~SOFT_DIRTY) === swp_entry_to_pte(entry)
  // unuse_pte_range: looked at without the lock first.
  if (!isEntry(read_pte(pte))) return false
  spin_lock(pte_lockptr(table))
  const same = isEntry(rd(pte))
  if (same) {
    const mm = rd(vma + vm_area.vm_mm) as Mm
    add_swap_ents(mm, -1)
    add_anon_rss(mm, 1)
    get_page(page)
    set_pte(pte, (mkold(mk_pte(page, vm_page_prot(vma))) | (rd(pte) & SOFT_DIRTY)) as Pte)
    k.page_add_anon_rmap(page, vma, addr, false)
    k.swap_free(entry)
  }
  spin_unlock(pte_lockptr(table))
  return same
}
