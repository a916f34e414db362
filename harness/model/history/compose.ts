// Applying and reverting patches: as `git apply`, a patch wants every function as it expects it.

import type { Machine } from '../../engine.ts'
import * as exec from '../fs/exec.ts'
import * as hugetlbfs from '../fs/hugetlbfs.ts'
import * as hugetlbfs_truncate from '../fs/hugetlbfs_truncate.ts'
import * as open from '../fs/open.ts'
import * as shm from '../ipc/shm.ts'
import type { Kernel } from '../kernel.ts'
import * as fault from '../mm/fault.ts'
import * as filemap from '../mm/filemap.ts'
import * as fork from '../mm/fork.ts'
import * as gup from '../mm/gup.ts'
import * as huge_memory from '../mm/huge_memory.ts'
import * as huge_memory_page from '../mm/huge_memory_page.ts'
import * as huge_memory_range from '../mm/huge_memory_range.ts'
import * as huge_memory_split from '../mm/huge_memory_split.ts'
import * as hugetlb_alloc from '../mm/hugetlb_alloc.ts'
import * as hugetlb_cow from '../mm/hugetlb_cow.ts'
import * as hugetlb_fault from '../mm/hugetlb_fault.ts'
import * as hugetlb_gup from '../mm/hugetlb_gup.ts'
import * as hugetlb_hstate from '../mm/hugetlb_hstate.ts'
import * as hugetlb_migrate from '../mm/hugetlb_migrate.ts'
import * as hugetlb_pool from '../mm/hugetlb_pool.ts'
import * as hugetlb_pte from '../mm/hugetlb_pte.ts'
import * as hugetlb_range from '../mm/hugetlb_range.ts'
import * as hugetlb_region from '../mm/hugetlb_region.ts'
import * as hugetlb_resv from '../mm/hugetlb_resv.ts'
import * as hugetlb_rmap from '../mm/hugetlb_rmap.ts'
import * as hugetlb_rmap_walk from '../mm/hugetlb_rmap_walk.ts'
import * as hugetlb_subpool from '../mm/hugetlb_subpool.ts'
import * as hugetlb_surplus from '../mm/hugetlb_surplus.ts'
import * as khugepaged from '../mm/khugepaged.ts'
import * as madvise from '../mm/madvise.ts'
import * as madvise_free from '../mm/madvise_free.ts'
import * as memory from '../mm/memory.ts'
import * as memory_file from '../mm/memory_file.ts'
import * as memory_range from '../mm/memory_range.ts'
import * as memory_swap from '../mm/memory_swap.ts'
import * as memory_failure from '../mm/memory-failure.ts'
import * as memory_failure_huge from '../mm/memory-failure_huge.ts'
import * as memory_failure_kill from '../mm/memory-failure_kill.ts'
import * as memory_failure_soft from '../mm/memory-failure_soft.ts'
import * as memory_failure_states from '../mm/memory-failure_states.ts'
import * as migrate from '../mm/migrate.ts'
import * as mlock from '../mm/mlock.ts'
import * as mlock_pagevec from '../mm/mlock_pagevec.ts'
import * as mlock_vma from '../mm/mlock_vma.ts'
import * as mm from '../mm/mm.ts'
import * as mmap from '../mm/mmap.ts'
import * as mmap_area from '../mm/mmap_area.ts'
import * as mmap_brk from '../mm/mmap_brk.ts'
import * as mmap_file from '../mm/mmap_file.ts'
import * as mmap_stack from '../mm/mmap_stack.ts'
import * as mmap_vma from '../mm/mmap_vma.ts'
import * as mprotect from '../mm/mprotect.ts'
import * as mremap from '../mm/mremap.ts'
import * as page_alloc from '../mm/page_alloc.ts'
import * as page_io from '../mm/page_io.ts'
import * as rmap from '../mm/rmap.ts'
import * as rmap_anon_vma from '../mm/rmap_anon_vma.ts'
import * as rmap_file from '../mm/rmap_file.ts'
import * as rmap_munlock from '../mm/rmap_munlock.ts'
import * as rmap_unmap from '../mm/rmap_unmap.ts'
import * as rmap_walk from '../mm/rmap_walk.ts'
import * as shmem from '../mm/shmem.ts'
import * as shmem_fallocate from '../mm/shmem_fallocate.ts'
import * as shmem_swap from '../mm/shmem_swap.ts'
import * as shmem_truncate from '../mm/shmem_truncate.ts'
import * as swap from '../mm/swap.ts'
import * as swap_readahead from '../mm/swap_readahead.ts'
import * as swap_state from '../mm/swap_state.ts'
import * as swapfile from '../mm/swapfile.ts'
import * as swapfile_map from '../mm/swapfile_map.ts'
import * as swapfile_on from '../mm/swapfile_on.ts'
import * as task_mmu from '../mm/task_mmu.ts'
import * as vmscan from '../mm/vmscan.ts'
import * as vmscan_reclaim from '../mm/vmscan_reclaim.ts'
import * as vmstat from '../mm/vmstat.ts'
import * as recount_compound from '../recount-compound.ts'
import * as recount_hugetlb from '../recount-hugetlb.ts'
import * as recount_mlock from '../recount-mlock.ts'
import { DoesNotBuild, type Patch } from './patch.ts'

/** Functions by name; a side that does not build under some configuration stands as such. */
export type Functions = Readonly<Record<string, unknown>>

const modules = {
  exec,
  filemap,
  hugetlb_alloc,
  hugetlb_cow,
  hugetlb_fault,
  hugetlb_gup,
  hugetlb_hstate,
  hugetlb_migrate,
  hugetlb_pool,
  hugetlb_pte,
  hugetlb_range,
  hugetlb_region,
  hugetlb_resv,
  hugetlb_rmap,
  hugetlb_rmap_walk,
  hugetlb_subpool,
  hugetlb_surplus,
  mmap_file,
  hugetlbfs,
  hugetlbfs_truncate,
  open,
  shm,
  fault,
  fork,
  gup,
  huge_memory,
  huge_memory_page,
  huge_memory_range,
  huge_memory_split,
  khugepaged,
  madvise,
  madvise_free,
  memory,
  memory_file,
  memory_range,
  memory_failure,
  memory_failure_huge,
  memory_failure_kill,
  memory_failure_soft,
  memory_failure_states,
  mm,
  migrate,
  mlock,
  mlock_pagevec,
  mlock_vma,
  mmap,
  mmap_vma,
  mmap_area,
  mmap_brk,
  mmap_stack,
  mprotect,
  mremap,
  page_alloc,
  recount_compound,
  recount_hugetlb,
  recount_mlock,
  rmap,
  rmap_anon_vma,
  rmap_file,
  rmap_munlock,
  rmap_unmap,
  rmap_walk,
  shmem,
  shmem_fallocate,
  shmem_swap,
  shmem_truncate,
  swap,
  swapfile,
  swapfile_map,
  swap_state,
  swap_readahead,
  page_io,
  memory_swap,
  vmscan_reclaim,
  swapfile_on,
  task_mmu,
  vmstat,
  vmscan,
}

/** v4.5, as mm/ has it. */
export const base: Functions = Object.fromEntries(
  Object.values(modules).flatMap(m => Object.entries(m).filter(([, value]) => typeof value === 'function')),
)

/** The module of mm/, fs/ or ipc/ in which a function of v4.5 stands: `huge_memory_split`. */
export function moduleOf(name: string): string | undefined {
  return Object.entries(modules).find(([, functions]) => Object.hasOwn(functions, name))?.[0]
}

/** The functions with the patch applied, or the reason why it does not apply. */
export function apply(functions: Functions, patch: Patch): Functions | string {
  return change(functions, patch, 'before', 'after', 'apply')
}

/** The functions with the patch taken away, or the reason why it cannot be. */
export function revert(functions: Functions, patch: Patch): Functions | string {
  return change(functions, patch, 'after', 'before', 'revert')
}

type Side = 'before' | 'after'

function change(functions: Functions, patch: Patch, from: Side, to: Side, verb: string): Functions | string {
  const changes = Object.entries(patch.changes as Readonly<Record<string, Readonly<Record<Side, unknown>>>>)
  const wrong = changes.filter(([name, sides]) => functions[name] !== sides[from]).map(([name]) => name)
  if (wrong.length > 0)
    return `${patch.id} does not ${verb}: ${wrong.join(', ')} ${wrong.length > 1 ? 'are' : 'is'} not as it expects`
  return { ...functions, ...Object.fromEntries(changes.map(([name, sides]) => [name, sides[to]])) }
}

/** What was built of some functions, with and without CONFIG_SWAP. */
const builds = new WeakMap<Functions, Map<boolean, Kernel | DoesNotBuild>>()

/** What `make` makes of the functions under the machine's configuration; the same object each time. */
export function build(functions: Functions, { swap }: Machine): Kernel | DoesNotBuild {
  const known = builds.get(functions) ?? new Map<boolean, Kernel | DoesNotBuild>()
  builds.set(functions, known)
  const built = known.get(swap) ?? compile(functions, swap)
  known.set(swap, built)
  return built
}

function compile(functions: Functions, swap: boolean): Kernel | DoesNotBuild {
  const kernel: Record<string, unknown> = { ...functions }
  if (!swap) kernel.reuse_swap_page = kernel.reuse_swap_page_noswap
  delete kernel.reuse_swap_page_noswap
  const broken = Object.values(kernel).find(f => f instanceof DoesNotBuild)
  return broken instanceof DoesNotBuild ? broken : (kernel as unknown as Kernel)
}
