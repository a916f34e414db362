// Accesses of user space (arch/x86/mm/fault.c, v4.5): the page table is walked as the processor walks it, without
// a lock; an access that it does not allow becomes a fault, and a fault that no vma allows a signal.

import { KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import { beginAccess, cmpxchg, down_read, endAccess, up_read } from '../ops.ts'
import { rd } from '../store.ts'
import { HPAGE_PMD_NR } from './init.ts'
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pte,
  type Ptep,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
  VM_READ,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { growsDown } from './mmap_stack.ts'
import { subpage } from './page-flags.ts'
import {
  ACCESSED,
  DIRTY,
  PRESENT,
  pmd_none,
  pmd_offset,
  pmd_page,
  pointsToTable,
  pte_offset,
  pte_page,
  pte_write,
  pud_offset,
  pudOrder,
  read_pmd,
  read_pte,
} from './pgtable.ts'

/** A signal that an access raised: the address in base pages. */
export class Signal {
  readonly signal: 'SIGSEGV' | 'SIGBUS' | 'SIGKILL'
  readonly code: 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'BUS_MCEERR_AR' | 'SI_KERNEL'
  readonly addr: number

  constructor(signal: Signal['signal'], code: Signal['code'], addr: number) {
    this.signal = signal
    this.code = code
    this.addr = addr
  }
}

/** A fault that leads nowhere is tried again this often. */
const TRIES = 16

/** The frame that an access at `addr` reaches, and `use` reads or writes before anybody can take it away. */
export function user_access(mm: Mm, addr: number, write: boolean, use?: (frame: Page) => void): Page | Signal {
  for (let i = 0; i < TRIES; i++) {
    beginAccess()
    const page = walk(mm, addr, write)
    if (page !== NULL && use !== undefined) use(page)
    endAccess()
    if (page !== NULL) return page
    const signal = k.do_page_fault(mm, addr, write)
    if (signal !== undefined) return signal
  }
  throw new KernelBug('stall', `a ${write ? 'write' : 'read'} at page ${addr} faults for ever`)
}

/** What the processor finds, which marks the entry as used; NULL is a fault, or the entry changed just then. */
function walk(mm: Mm, addr: number, write: boolean): Page {
  let pmdp = pmd_offset(mm, addr)
  let nr = HPAGE_PMD_NR
  if (pmdp === NULL) {
    pmdp = pud_offset(mm, addr)
    nr = 1 << pudOrder()
  }
  const pmd = read_pmd(pmdp)
  if (pmd_none(pmd)) return NULL
  const cell = pointsToTable(pmd) ? pte_offset(pmd, addr) : pmdp
  const entry = cell === pmdp ? pmd : read_pte(cell as Ptep)
  if (!(entry & PRESENT) || (write && !pte_write(entry))) return NULL
  const used = entry | (write ? ACCESSED | DIRTY : ACCESSED)
  if (used !== entry && cmpxchg(cell, entry, used) !== entry) return NULL
  return entry === pmd ? subpage(pmd_page(pmd), addr & (nr - 1)) : pte_page(entry as Pte)
}

/** Returns the signal that the access earns, or undefined: try again. */
export function do_page_fault(mm: Mm, addr: number, write: boolean): Signal | undefined {
  for (let flags = FAULT_FLAG_ALLOW_RETRY | (write ? FAULT_FLAG_WRITE : 0); ; flags &= ~FAULT_FLAG_ALLOW_RETRY) {
    const signal = faultOnce(mm, addr, flags)
    if (signal !== 'retry') return signal
  }
}

/** Whether `vma`, which lies above, is a stack that now reaches down to `addr`. */
const grown = (vma: Vma, addr: number): boolean => growsDown(vma) && k.expand_stack(vma, addr) === 0

/** 'retry': mmap_sem was given up, and with it the vma. */
function faultOnce(mm: Mm, addr: number, flags: number): Signal | 'retry' | undefined {
  const write = (flags & FAULT_FLAG_WRITE) !== 0
  down_read(mm + mm_struct.mmap_sem)
  const vma = k.find_vma(mm, addr)
  let signal: Signal | undefined
  if (vma === NULL || (rd(vma + vm_area.vm_start) > addr && !grown(vma, addr))) {
    signal = new Signal('SIGSEGV', 'SEGV_MAPERR', addr)
  } else if (!(rd(vma + vm_area.vm_flags) & (write ? VM_WRITE : VM_READ | VM_WRITE))) {
    signal = new Signal('SIGSEGV', 'SEGV_ACCERR', addr)
  } else {
    const fault = k.handle_mm_fault(mm, vma, addr, flags)
    if (fault & VM_FAULT_RETRY) return 'retry'
    // pagefault_out_of_memory: the OOM killer takes the only candidate there is.
    if (fault & VM_FAULT_OOM) signal = new Signal('SIGKILL', 'SI_KERNEL', addr)
    else if (fault & VM_FAULT_HWPOISON) signal = new Signal('SIGBUS', 'BUS_MCEERR_AR', addr)
    else if (fault & VM_FAULT_SIGBUS) signal = new Signal('SIGBUS', 'BUS_ADRERR', addr)
    else if (fault & VM_FAULT_SIGSEGV) signal = new Signal('SIGSEGV', 'SEGV_MAPERR', addr)
  }
  up_read(mm + mm_struct.mmap_sem)
  return signal
}
