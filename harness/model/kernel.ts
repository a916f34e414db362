// The kernel that runs: one table through which its functions call each other, filled by history/compose.ts.
// What stands behind `k.` is what a patch may replace.

import type * as exec from './fs/exec.ts'
import type * as hugetlbfs from './fs/hugetlbfs.ts'
import type * as hugetlbfs_truncate from './fs/hugetlbfs_truncate.ts'
import type * as open from './fs/open.ts'
import type * as shm from './ipc/shm.ts'
import type * as fault from './mm/fault.ts'
import type * as filemap from './mm/filemap.ts'
import type * as fork from './mm/fork.ts'
import type * as gup from './mm/gup.ts'
import type * as huge_memory from './mm/huge_memory.ts'
import type * as huge_memory_page from './mm/huge_memory_page.ts'
import type * as huge_memory_range from './mm/huge_memory_range.ts'
import type * as huge_memory_split from './mm/huge_memory_split.ts'
import type * as hugetlb_alloc from './mm/hugetlb_alloc.ts'
import type * as hugetlb_cow from './mm/hugetlb_cow.ts'
import type * as hugetlb_fault from './mm/hugetlb_fault.ts'
import type * as hugetlb_gup from './mm/hugetlb_gup.ts'
import type * as hugetlb_hstate from './mm/hugetlb_hstate.ts'
import type * as hugetlb_migrate from './mm/hugetlb_migrate.ts'
import type * as hugetlb_pool from './mm/hugetlb_pool.ts'
import type * as hugetlb_pte from './mm/hugetlb_pte.ts'
import type * as hugetlb_range from './mm/hugetlb_range.ts'
import type * as hugetlb_region from './mm/hugetlb_region.ts'
import type * as hugetlb_resv from './mm/hugetlb_resv.ts'
import type * as hugetlb_rmap from './mm/hugetlb_rmap.ts'
import type * as hugetlb_rmap_walk from './mm/hugetlb_rmap_walk.ts'
import type * as hugetlb_subpool from './mm/hugetlb_subpool.ts'
import type * as hugetlb_surplus from './mm/hugetlb_surplus.ts'
import type * as khugepaged from './mm/khugepaged.ts'
import type * as madvise from './mm/madvise.ts'
import type * as madvise_free from './mm/madvise_free.ts'
import type * as memory from './mm/memory.ts'
import type * as memory_file from './mm/memory_file.ts'
import type * as memory_range from './mm/memory_range.ts'
import type * as memory_swap from './mm/memory_swap.ts'
import type * as memory_failure from './mm/memory-failure.ts'
import type * as memory_failure_huge from './mm/memory-failure_huge.ts'
import type * as memory_failure_kill from './mm/memory-failure_kill.ts'
import type * as memory_failure_soft from './mm/memory-failure_soft.ts'
import type * as memory_failure_states from './mm/memory-failure_states.ts'
import type * as migrate from './mm/migrate.ts'
import type * as mlock from './mm/mlock.ts'
import type * as mlock_pagevec from './mm/mlock_pagevec.ts'
import type * as mlock_vma from './mm/mlock_vma.ts'
import type * as mm from './mm/mm.ts'
import type * as mmap from './mm/mmap.ts'
import type * as mmap_area from './mm/mmap_area.ts'
import type * as mmap_brk from './mm/mmap_brk.ts'
import type * as mmap_file from './mm/mmap_file.ts'
import type * as mmap_stack from './mm/mmap_stack.ts'
import type * as mmap_vma from './mm/mmap_vma.ts'
import type * as mprotect from './mm/mprotect.ts'
import type * as mremap from './mm/mremap.ts'
import type * as page_alloc from './mm/page_alloc.ts'
import type * as page_io from './mm/page_io.ts'
import type * as rmap from './mm/rmap.ts'
import type * as rmap_anon_vma from './mm/rmap_anon_vma.ts'
import type * as rmap_file from './mm/rmap_file.ts'
import type * as rmap_munlock from './mm/rmap_munlock.ts'
import type * as rmap_unmap from './mm/rmap_unmap.ts'
import type * as rmap_walk from './mm/rmap_walk.ts'
import type * as shmem from './mm/shmem.ts'
import type * as shmem_fallocate from './mm/shmem_fallocate.ts'
import type * as shmem_swap from './mm/shmem_swap.ts'
import type * as shmem_truncate from './mm/shmem_truncate.ts'
import type * as swap from './mm/swap.ts'
import type * as swap_readahead from './mm/swap_readahead.ts'
import type * as swap_state from './mm/swap_state.ts'
import type * as swapfile from './mm/swapfile.ts'
import type * as swapfile_map from './mm/swapfile_map.ts'
import type * as swapfile_on from './mm/swapfile_on.ts'
import type * as task_mmu from './mm/task_mmu.ts'
import type * as vmscan from './mm/vmscan.ts'
import type * as vmscan_reclaim from './mm/vmscan_reclaim.ts'
import type * as vmstat from './mm/vmstat.ts'
import type * as recount_compound from './recount-compound.ts'
import type * as recount_hugetlb from './recount-hugetlb.ts'
import type * as recount_mlock from './recount-mlock.ts'

/** v4.5 as mm/ has it: every exported function. */
type Modules = typeof exec &
  typeof fault &
  typeof filemap &
  typeof hugetlb_alloc &
  typeof hugetlb_cow &
  typeof hugetlb_fault &
  typeof hugetlb_gup &
  typeof hugetlb_hstate &
  typeof hugetlb_migrate &
  typeof hugetlb_pool &
  typeof hugetlb_pte &
  typeof hugetlb_range &
  typeof hugetlb_region &
  typeof hugetlb_resv &
  typeof hugetlb_rmap &
  typeof hugetlb_rmap_walk &
  typeof hugetlb_subpool &
  typeof hugetlb_surplus &
  typeof mmap_file &
  typeof hugetlbfs &
  typeof hugetlbfs_truncate &
  typeof open &
  typeof shm &
  typeof fork &
  typeof gup &
  typeof huge_memory &
  typeof huge_memory_page &
  typeof huge_memory_range &
  typeof huge_memory_split &
  typeof khugepaged &
  typeof madvise &
  typeof madvise_free &
  typeof memory &
  typeof memory_file &
  typeof memory_range &
  typeof memory_failure &
  typeof memory_failure_huge &
  typeof memory_failure_kill &
  typeof memory_failure_soft &
  typeof memory_failure_states &
  typeof mm &
  typeof migrate &
  typeof mlock &
  typeof mlock_pagevec &
  typeof mlock_vma &
  typeof mmap &
  typeof mmap_vma &
  typeof mmap_area &
  typeof mmap_brk &
  typeof mmap_stack &
  typeof mprotect &
  typeof mremap &
  typeof page_alloc &
  typeof recount_compound &
  typeof recount_hugetlb &
  typeof recount_mlock &
  typeof rmap &
  typeof rmap_anon_vma &
  typeof rmap_file &
  typeof rmap_munlock &
  typeof rmap_unmap &
  typeof rmap_walk &
  typeof shmem &
  typeof shmem_fallocate &
  typeof shmem_swap &
  typeof shmem_truncate &
  typeof swap &
  typeof swapfile &
  typeof swapfile_map &
  typeof swap_state &
  typeof swap_readahead &
  typeof page_io &
  typeof memory_swap &
  typeof vmscan_reclaim &
  typeof swapfile_on &
  typeof task_mmu &
  typeof vmstat &
  typeof vmscan
// biome-ignore lint/suspicious/noExplicitAny: any function at all
type Fn = (...args: any[]) => unknown
export type Base = { [F in keyof Modules as Modules[F] extends Fn ? F : never]: Modules[F] }

/**
 * Functions that a patch adds, and functions whose signature it changes: a patch file declares them here
 * (`declare module '../kernel.ts' { interface Patched { … } }`, for a patch of one's own `'mmfunc/model'`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: patches merge into it
export interface Patched {}

export type Kernel = Omit<Base, keyof Patched> & Patched

/** The functions of the kernel that runs. */
export const k = {} as Kernel
