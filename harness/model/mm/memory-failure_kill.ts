// Who is told of memory that was lost (the first half of mm/memory-failure.c, v4.5): those who map it, found through
// its anon_vma. A process is its address space here, and the signals that wait for it are what others have sent.

import { k } from '../kernel.ts'
import { cmpxchg, READ_ONCE, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd } from '../store.ts'
import { forEachVmaOfHuge } from './hugetlb_rmap_walk.ts'
import { MF_ACTION_REQUIRED } from './memory-failure.ts'
import { hugeMappedInVma } from './memory-failure_huge.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Page,
  PF_MCE_EARLY,
  PF_MCE_PROCESS,
  type Task,
  task_struct,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { PageAnon, PageDirty, PageHuge } from './page-flags.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_check_address, page_to_pgoff } from './rmap_walk.ts'

/** Values of si_code (include/uapi/asm-generic/siginfo.h), and a SIGKILL, which has none. */
export const BUS_MCEERR_AR = 4
export const BUS_MCEERR_AO = 5
export const SIGKILLED = 9

/** Somebody who is to be told, and where the page is for him. */
export interface ToKill {
  readonly tsk: Task
  readonly addr: number
}

/** prctl(PR_MCE_KILL): early, late, or as the system does, which is late. */
export function prctl_mce_kill(mm: Mm, policy: 'early' | 'late' | 'default'): void {
  const flags = policy === 'default' ? 0 : policy === 'late' ? PF_MCE_PROCESS : PF_MCE_PROCESS | PF_MCE_EARLY
  WRITE_ONCE(rd(mm + mm_struct.owner) + task_struct.flags, flags)
}

/** Who wants to be told early, or must be. Others learn when they come upon the place. */
export function task_early_kill(tsk: Task, force_early: boolean): boolean {
  const early = PF_MCE_PROCESS | PF_MCE_EARLY
  return force_early || (READ_ONCE(tsk + task_struct.flags) & early) === early
}

/** mm/rmap.c: whether the vma really maps the page, not only might. */
function page_mapped_in_vma(p: Page, vma: Vma, addr: number): boolean {
  if (addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end)) return false
  const found = page_check_address(p, rd(vma + vm_area.vm_mm) as Mm, addr, true)
  if (found !== undefined) spin_unlock(found.ptl)
  return found !== undefined
}

/** Those who map the page and are to be told. Caller holds the page lock. */
export function collect_procs(p: Page, force_early: boolean): ToKill[] {
  const tokill: ToKill[] = []
  if (PageHuge(p)) {
    forEachVmaOfHuge(p, (vma, addr) => {
      const tsk = rd(rd(vma + vm_area.vm_mm) + mm_struct.owner) as Task
      // Of a file also those are told who only might map the page.
      const mapped = !PageAnon(p) || hugeMappedInVma(p, vma, addr)
      if (k.task_early_kill(tsk, force_early) && mapped) tokill.push({ tsk, addr })
      return true
    })
    return tokill
  }
  if (PageAnon(p)) collect_procs_anon(p, tokill, force_early)
  else collect_procs_file(p, tokill, force_early)
  return tokill
}

function collect_procs_anon(p: Page, tokill: ToKill[], force_early: boolean): void {
  const av = k.page_lock_anon_vma_read(p)
  if (av === NULL) return
  const pgoff = page_to_pgoff(p)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    const tsk = rd(rd(vma + vm_area.vm_mm) + mm_struct.owner) as Task
    const addr = __vma_address(pgoff, vma)
    if (k.task_early_kill(tsk, force_early) && page_mapped_in_vma(p, vma, addr)) tokill.push({ tsk, addr })
    return true
  })
  k.page_unlock_anon_vma_read(av)
}

/** Of a file also those are told who only might map the page: they have said that they want to know. */
function collect_procs_file(p: Page, tokill: ToKill[], force_early: boolean): void {
  k.rmap_walk_file(p, (vma, addr) => {
    const tsk = rd(rd(vma + vm_area.vm_mm) + mm_struct.owner) as Task
    if (k.task_early_kill(tsk, force_early)) tokill.push({ tsk, addr })
    return true
  })
}

/** Tells all of them, unless the page was clean: then nothing is lost. Where it could not be unmapped, kills them. */
export function kill_procs(tokill: readonly ToKill[], hpage: Page, fail: boolean, flags: number, current: Mm): void {
  if (!PageDirty(hpage)) return
  for (const tk of tokill) {
    if (fail) WRITE_ONCE(tk.tsk + task_struct.sigbus, SIGKILLED)
    else k.kill_proc(tk, flags, current)
  }
}

/** A signal that is forced, or one that may wait; of the latter kind only the first waits. */
export function kill_proc({ tsk, addr }: ToKill, flags: number, current: Mm): void {
  const required = (flags & MF_ACTION_REQUIRED) !== 0 && current !== NULL && rd(current + mm_struct.owner) === tsk
  if (required) WRITE_ONCE(tsk + task_struct.sigbus, BUS_MCEERR_AR)
  else if (cmpxchg(tsk + task_struct.sigbus, 0, BUS_MCEERR_AO) !== 0) return
  WRITE_ONCE(tsk + task_struct.si_addr, addr)
}
