// Booting: an empty machine, and the functions of one variant behind `k`.

import type { Machine } from '../engine.ts'
import { toldCalls } from './calls.ts'
import { resetContents } from './contents.ts'
import { inode_init } from './fs/inode.ts'
import { type Kernel, k } from './kernel.ts'
import { checkNoFailure, init_fault_inject } from './mm/fault-inject.ts'
import { filemap_init } from './mm/filemap.ts'
import { fork_init } from './mm/fork.ts'
import { hugetlb_fault_init } from './mm/hugetlb_fault.ts'
import { hugetlb_init } from './mm/hugetlb_hstate.ts'
import { region_init } from './mm/hugetlb_region.ts'
import { subpool_init } from './mm/hugetlb_subpool.ts'
import { init_machine, zone } from './mm/init.ts'
import { INIT_LIST_HEAD } from './mm/list.ts'
import { mmap_init } from './mm/mmap_vma.ts'
import { init_mmlist } from './mm/mmlist.ts'
import { init_nodes } from './mm/mmzone.ts'
import { alloc_page, init_page_alloc, reserveFrames } from './mm/page_alloc.ts'
import { SetPageReserved } from './mm/page-flags.ts'
import { init_pgtables } from './mm/pgtable.ts'
import { anon_vma_init } from './mm/rmap_anon_vma.ts'
import { shmem_swap_init } from './mm/shmem_swap.ts'
import { init_arenas, NR_CPUS, reserveObjects } from './mm/slab.ts'
import { init_stack } from './mm/stack.ts'
import { init_swap } from './mm/swap.ts'
import { init_swap_readahead } from './mm/swap_readahead.ts'
import { init_swap_state } from './mm/swap_state.ts'
import { init_swapfile } from './mm/swapfile_map.ts'
import { init_vmstat } from './mm/vmstat.ts'
import { cellName } from './names.ts'
import { init_local_locks, setCpu, setThread } from './ops.ts'
import { init_rcu } from './rcu.ts'
import { nameCells, resetStore, sbrk } from './store.ts'

/** The variant whose functions stand behind `k`. */
let installed: Kernel | undefined

/** Puts a variant's functions behind `k`; names that it lacks stay, as undefined, so that `k` keeps its shape. */
function install(kernel: Kernel): void {
  if (installed === kernel) return
  for (const name of Object.keys(k)) if (!Object.hasOwn(kernel, name)) Object.assign(k, { [name]: undefined })
  Object.assign(k, kernel)
  // V8 keeps an object's properties at fixed places once the object is a prototype: calls through k are then direct.
  Object.create(k)
  installed = kernel
}

/** Boots `machine` with `kernel`; what was before is forgotten. Throws CannotJudge where it does not fit. */
export function boot(machine: Machine, kernel: Kernel): void {
  resetStore()
  resetContents()
  nameCells(cellName)
  setThread(0)
  setCpu(0)
  install(kernel)
  init_machine(machine)
  init_local_locks(sbrk(NR_CPUS), NR_CPUS)
  init_rcu(sbrk(2))
  init_vmstat()
  init_arenas()
  init_fault_inject()
  init_nodes(machine.nodes)
  init_page_alloc()
  init_swap()
  init_swapfile(machine.swap_area)
  init_swap_state()
  init_swap_readahead()
  shmem_swap_init()
  init_mmlist()
  init_stack()
  init_pgtables()
  anon_vma_init()
  mmap_init()
  fork_init()
  inode_init()
  filemap_init()
  subpool_init()
  region_init()
  hugetlb_fault_init()
  INIT_LIST_HEAD(zone.split_queue)
  // Frame 0 is the zero page: its reference is never put.
  SetPageReserved(alloc_page())
  hugetlb_init(machine)
  if (machine.swap_area > 0) k.sys_swapon()
}

/** Readies a booted machine for threads on CPUs 0 to `cpus` - 1 that race: each allocates from memory of its own. */
export function prepareRace(cpus: number): void {
  checkNoFailure()
  reserveFrames(cpus, 4)
  reserveObjects(cpus, 1 << 14)
  install(toldCalls(k))
}
