// The structs of include/linux/mm_types.h, rmap.h and mm.h, as far as the model has them: a name of a field is
// its distance from the struct's first cell. Each group stands under the lock that guards it.
//
// Addresses (vm_start, index, …) count base pages, not bytes.

declare const struct: unique symbol
export type Page = number & { readonly [struct]: 'page' }
export type Vma = number & { readonly [struct]: 'vm_area_struct' }
export type Mm = number & { readonly [struct]: 'mm_struct' }
export type AnonVma = number & { readonly [struct]: 'anon_vma' }
export type Task = number & { readonly [struct]: 'task_struct' }
export type Avc = number & { readonly [struct]: 'anon_vma_chain' }
/** A cell of a page table that holds a PMD, and one that holds a PTE. */
export type Pmdp = number & { readonly [struct]: 'pmd_t *' }
export type Ptep = number & { readonly [struct]: 'pte_t *' }
/** A PTE table (struct page of one, in the kernel). */
export type Pgtable = number & { readonly [struct]: 'pgtable_t' }
/** The value in such a cell. */
export type Pmd = number & { readonly [struct]: 'pmd_t' }
export type Pte = number & { readonly [struct]: 'pte_t' }
/** Huge pages of one size, and their pool (include/linux/hugetlb.h). */
export type Hstate = number & { readonly [struct]: 'hstate' }
/** A quota of huge pages. */
export type Subpool = number & { readonly [struct]: 'hugepage_subpool' }
/** Which pages of a mapping have, or had, a reservation. */
export type ResvMap = number & { readonly [struct]: 'resv_map' }
/** A file: see fs/inode.ts. */
export type Inode = number & { readonly [struct]: 'inode' }
export type AddressSpace = number & { readonly [struct]: 'address_space' }
/** A slot of the swap area, from 1. */
export type Swp = number & { readonly [struct]: 'swp_entry_t' }
/** Where an `int` lies that is passed by address; NULL is 0. */
export type IntPtr = number & { readonly [struct]: 'int *' }

export const NULL = 0 as Page &
  Vma &
  Mm &
  Task &
  AnonVma &
  Avc &
  Pmdp &
  Ptep &
  Pgtable &
  IntPtr &
  Hstate &
  Subpool &
  ResvMap &
  Inode &
  AddressSpace

/** struct page. Eight cells; tails of a compound page use some of theirs otherwise, see below. */
export const page = {
  flags: 0,
  _count: 1,
  _mapcount: 2,
  /** An anon_vma + PAGE_MAPPING_ANON, or the address_space of a file. Guarded by the page lock. */
  mapping: 3,
  index: 4,
  /** What stands in the frame: see contents.ts. */
  content: 5,
  /** Free list link. */
  lru: 6,
  /** Over `lru` of a page in the swap cache: its slot in the swap area. Under the page lock. */
  private: 6,
  /** Over `lru` of a page on the unevictable list, since v5.18: locked vmas that map it. Under lru_lock. */
  mlock_count: 6,
  /** Of a tail: its head + 1. */
  compound_head: 7,
  /** 1 << ORDER, so that frame numbers come by a shift. */
  SIZE: 8,
  ORDER: 3,
} as const

/** What lies over the fields of the first tail and, under split_queue_lock, of the second (v4.5 mm_types.h). */
export const tail = {
  /** On tail 1, over `mapping`. */
  compound_mapcount: page.SIZE + page.mapping,
  /** On tail 2, over `mapping` and `index`: next and previous of the deferred split queue. */
  deferred_list: 2 * page.SIZE + page.mapping,
  /** Of a hugetlb page, on tail 1: its order. */
  compound_order: page.SIZE + page.index,
  /** Of a hugetlb page, on tail 2: its place on a list of the pool. A struct page of ours has one cell for `lru`. */
  hugetlb_lru: 2 * page.SIZE + page.mapping,
  /** Of a hugetlb page, on tail 3: the quota that it counts in (page_private of the head). */
  private: 3 * page.SIZE + page.index,
} as const

/** PAGE_MAPPING_ANON of include/linux/mm.h */
export const PAGE_MAPPING_ANON = 1
/** What stands in `mapping` of the tails from the third on (include/linux/poison.h). */
export const TAIL_MAPPING = 0x400

export const vm_area = {
  /** Under mmap_sem for writing. */
  vm_start: 0,
  vm_end: 1,
  vm_pgoff: 2,
  vm_flags: 3,
  vm_mm: 4,
  vm_next: 5,
  vm_prev: 6,
  /** Under mmap_sem and page_table_lock. */
  anon_vma: 7,
  /** The anon_vma_chain: newest and oldest entry. Under mmap_sem and page_table_lock. */
  avc_first: 8,
  avc_last: 9,
  /** The file that is mapped, with a reference; NULL for anonymous memory. */
  vm_file: 10,
  /** Of hugetlb: a resv_map and HPAGE_RESV bits. Others look and set a bit under i_mmap_rwsem only. */
  vm_private_data: 11,
  /** Neighbours in the i_mmap of the file. Under i_mmap_rwsem. */
  shared_next: 12,
  shared_prev: 13,
  SIZE: 16,
} as const

export const mm_struct = {
  mmap_sem: 0,
  page_table_lock: 1,
  /** First vm_area, ordered by address. Under mmap_sem. */
  mmap: 2,
  pgd: 3,
  map_count: 4,
  mm_users: 5,
  /** MM_ANONPAGES; atomic. */
  anon_rss: 6,
  nr_ptes: 7,
  /** Pages of vmas with VM_LOCKED, and flags that new vmas get. Under mmap_sem for writing. */
  locked_vm: 8,
  def_flags: 9,
  /** The process that it is the address space of. */
  owner: 10,
  /** Base pages of hugetlb that are mapped; atomic. */
  hugetlb_usage: 11,
  /** MM_SHMEMPAGES, to v4.4 a part of MM_FILEPAGES (eca56ff906bd); atomic. */
  shmem_rss: 12,
  /** MM_SWAPENTS; atomic. */
  swap_ents: 13,
  /**
   * Address spaces that swapoff must look through: next, looked at without the lock, and previous. Under mmlist_lock.
   */
  mmlist: 14,
  /** Where the heap begins and ends. Under mmap_sem for writing. */
  start_brk: 16,
  brk: 17,
  SIZE: 18,
} as const

/** include/linux/sched.h: a process, as far as others send it signals. It outlives its address space. */
export const task_struct = {
  /** PF_MCE_PROCESS and PF_MCE_EARLY, by its own prctl only. */
  flags: 0,
  /** si_code of a SIGBUS that is pending, or 0, and its address in base pages. */
  sigbus: 1,
  si_addr: 2,
  SIZE: 8,
} as const

/** What PR_MCE_KILL has said: anything at all, and to be told early. */
export const PF_MCE_PROCESS = 1
export const PF_MCE_EARLY = 2

/** v4.5 include/linux/rmap.h. Refcount and degree are counted as there: a root has itself as parent. */
export const anon_vma = {
  root: 0,
  parent: 1,
  /** Children and vmas that point here. Under the root's rwsem, as is the list. */
  degree: 2,
  refcount: 3,
  rwsem: 4,
  /** First and last entry of what the kernel keeps as an interval tree: the older vma, as the parent's, comes first. */
  rb_root: 5,
  rb_last: 6,
  /** References of KSM, to v2.6.34; since then in refcount. */
  ksm_refcount: 7,
  SIZE: 8,
} as const

export const anon_vma_chain = {
  vma: 0,
  anon_vma: 1,
  /** Neighbours in the vma's list: older and newer. */
  older: 2,
  newer: 3,
  /** Neighbours in the anon_vma's list. */
  rb_next: 4,
  rb_prev: 5,
  SIZE: 8,
} as const

/** Flags of a vm_area (include/linux/mm.h). */
export const VM_READ = 1
export const VM_WRITE = 2
export const VM_DONTCOPY = 4
export const VM_HUGEPAGE = 8
export const VM_NOHUGEPAGE = 16
export const VM_SOFTDIRTY = 32
/** Counted as commitment. Keeps a vma that was writable once from merging with one that never was. */
export const VM_ACCOUNT = 64
export const VM_LOCKED = 128
/** Locked when it is faulted in, not at once (v4.4). */
export const VM_LOCKONFAULT = 256
/** Memory of a device, never locked. While mlock walks a vma it stands beside VM_LOCKED (v5.18). */
export const VM_IO = 512
/** Written to by others, who then see it; may become so. */
export const VM_SHARED = 1 << 10
export const VM_MAYSHARE = 1 << 11
export const VM_MAYWRITE = 1 << 12
export const VM_HUGETLB = 1 << 13
export const VM_DONTEXPAND = 1 << 14
export const VM_NORESERVE = 1 << 15
/** A stack; and one of an execve that has not got its final place yet. */
export const VM_GROWSDOWN = 1 << 16
export const VM_STACK_INCOMPLETE_SETUP = 1 << 17
/** Such a vma is never merged with another. */
export const VM_SPECIAL = VM_IO | VM_DONTEXPAND
export const VM_LOCKED_CLEAR_MASK = ~(VM_LOCKED | VM_LOCKONFAULT)

/** What a fault handler answers (include/linux/mm.h). */
export const VM_FAULT_OOM = 1
export const VM_FAULT_SIGBUS = 2
export const VM_FAULT_MAJOR = 4
export const VM_FAULT_WRITE = 8
export const VM_FAULT_HWPOISON = 0x10
/** No page: what was asked for is done, or is to be tried again, and mmap_sem has been given up. */
export const VM_FAULT_NOPAGE = 0x100
export const VM_FAULT_RETRY = 0x400
export const VM_FAULT_SIGSEGV = 0x40
export const VM_FAULT_FALLBACK = 0x800
export const VM_FAULT_ERROR = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_HWPOISON

/** What get_user_pages is asked (include/linux/mm.h). */
export const FOLL_WRITE = 0x01
export const FOLL_GET = 0x04
/** The zero page is an error, and what is not there is not faulted in. */
export const FOLL_DUMP = 0x08
/** Access rights of the vma do not matter. */
export const FOLL_FORCE = 0x10
export const FOLL_POPULATE = 0x40
export const FOLL_MLOCK = 0x1000

/** What a fault handler is asked. */
export const FAULT_FLAG_WRITE = 1
/** mmap_sem may be given up, once. */
export const FAULT_FLAG_ALLOW_RETRY = 4
