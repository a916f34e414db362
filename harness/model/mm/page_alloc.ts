// The page allocator (mm/page_alloc.c), in two sizes: a base page and a huge page. Each CPU has a free list of
// either, for each node, last in first out; fresh memory comes from the zone (mmzone.ts) a huge page at a time.
//
// What the buddy allocator would merge back into huge pages stays small here: no case can tell, for there is
// always more fresh memory than a case may use.

import { CannotJudge, KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import { atomic_read, atomic_set, cpu, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd, rdm, S, sbrk, wr } from '../store.ts'
import { should_fail } from './fault-inject.ts'
import { debug_vm, HPAGE_PMD_NR, HPAGE_PMD_ORDER, zone } from './init.ts'
import { list_del, list_empty } from './list.ts'
import { NULL, PAGE_MAPPING_ANON, type Page, page, TAIL_MAPPING, tail } from './mm_types.ts'
import {
  lookAhead,
  MAX_ORDER,
  NODE_DATA,
  nr_online_nodes,
  numa_node_id,
  page_to_nid,
  pgdat,
  zoneBlock,
  zonelist,
  zoneRun,
} from './mmzone.ts'
import {
  PageCompound,
  PageHead,
  PG_active,
  PG_head,
  PG_hwpoison,
  PG_locked,
  PG_lru,
  PG_mlocked,
  PG_swapcache,
  PG_unevictable,
  PG_writeback,
  put_page_testzero,
  subpage,
} from './page-flags.ts'
import { page_to_pfn } from './pgtable.ts'
import { NR_CPUS } from './slab.ts'

/** Per CPU and node the free base pages and the free huge pages, and frames set aside: the next, and where they end. */
const pcp = { small: 0, huge: 1, next: 2, end: 3, SIZE: 4 } as const
let pcps = 0

export function init_page_alloc(): void {
  pcps = sbrk(NR_CPUS * nr_online_nodes * pcp.SIZE)
}

const pcpOf = (cpu: number, nid: number): number => pcps + (cpu * nr_online_nodes + nid) * pcp.SIZE

function pop(list: number): Page {
  const p = rd(list) as Page
  if (p !== NULL) wr(list, rd(p + page.lru))
  return p
}

function push(list: number, p: Page): void {
  wr(p + page.lru, rd(list))
  wr(list, p)
}

/**
 * Sets aside `blocks` huge pages' worth of frames of each node for each of the first `cpus` CPUs, so that what one of
 * them allocates in a race moves nothing of another's.
 */
export function reserveFrames(cpus: number, blocks: number): void {
  for (let c = 0; c < cpus; c++) {
    for (let nid = 0; nid < nr_online_nodes; nid++) {
      const mine = pcpOf(c, nid)
      for (let i = 0; i < blocks; i++) {
        const first = zoneBlock(nid)
        if (first === NULL) break
        if (i === 0) wr(mine + pcp.next, first)
        wr(mine + pcp.end, subpage(first, HPAGE_PMD_NR))
      }
    }
  }
}

/** Frames of a node that were never used before, as many as a huge page has, or NULL. */
function freshBlock(nid: number): Page {
  const mine = pcpOf(cpu, nid)
  const first = rd(mine + pcp.next) as Page
  if (first === NULL) return zoneBlock(nid)
  if (first === rd(mine + pcp.end)) throw new CannotJudge('a thread of the race needs more memory than was set aside')
  wr(mine + pcp.next, subpage(first, HPAGE_PMD_NR))
  return first
}

/** A plain look, as the kernel's: a frame may fail while it is given out. */
const isPoisoned = (p: Page): boolean => rdm(p + page.flags, PG_hwpoison) !== 0

/** One base page with a reference, its content whatever its last owner left; NULL when memory is out. */
export function alloc_page(): Page {
  let p = NULL as Page
  if (should_fail('page')) return p
  for (let i = 0; i < nr_online_nodes && p === NULL; i++) p = popSmall(zonelist(numa_node_id(), i))
  if (p !== NULL) atomic_set(p + page._count, 1)
  return p
}

/** A base page that this CPU has freed, else one of fresh frames. */
function popSmall(nid: number): Page {
  const list = pcpOf(cpu, nid) + pcp.small
  let p = pop(list)
  // check_new_page: what was poisoned is never given out. bad_page, without a word.
  while (p !== NULL && isPoisoned(p)) p = pop(list)
  if (p !== NULL) return p
  p = freshBlock(nid)
  if (p === NULL) return NULL
  for (let i = HPAGE_PMD_NR - 1; i > 0; i--) push(list, subpage(p, i))
  return isPoisoned(p) ? popSmall(nid) : p
}

/** As alloc_page, zeroed (alloc_zeroed_user_highpage_movable). */
export function alloc_zeroed_page(): Page {
  const p = alloc_page()
  if (p !== NULL) wr(p + page.content, 0)
  return p
}

function hasPoison(head: Page): boolean {
  for (let i = 0; i < HPAGE_PMD_NR; i++) if (isPoisoned(subpage(head, i))) return true
  return false
}

/** One huge page with a reference, prepared as a transparent huge page; NULL when none is left. */
export function alloc_hugepage(): Page {
  const p = alloc_pages(HPAGE_PMD_ORDER)
  if (p === NULL) return NULL
  k.prep_compound_page(p)
  return p
}

/** prep_compound_page and prep_transhuge_page: heads its tails, with an empty deferred list on tail 2. */
export function prep_compound_page(head: Page): void {
  wr(head + page.flags, PG_head)
  for (let i = 1; i < HPAGE_PMD_NR; i++) {
    const t = subpage(head, i)
    wr(t + page.mapping, TAIL_MAPPING)
    wr(t + page.compound_head, head + 1)
  }
  wr(head + tail.compound_mapcount, -1)
  wr(head + tail.deferred_list, head + tail.deferred_list)
  wr(head + tail.deferred_list + 1, head + tail.deferred_list)
}

/** The destructor of a THP (mm/huge_memory.c): off the deferred split queue, then free. */
export function free_transhuge_page(head: Page): void {
  spin_lock(zone.split_queue_lock)
  if (!list_empty(head + tail.deferred_list)) {
    wr(zone.split_queue_len, rd(zone.split_queue_len) - 1)
    list_del(head + tail.deferred_list)
  }
  spin_unlock(zone.split_queue_lock)
  free_pages(head)
}

/** Gives a page, or a compound page by its head, back to this CPU's list. No reference is left. */
export function free_pages(p: Page): void {
  const compound = PageCompound(p)
  free_pages_check(p, 'page')
  if (compound) {
    for (let i = 1; i < HPAGE_PMD_NR; i++) free_tail_page(p, i)
  }
  const huge = PageHead(p)
  // Who learns just now that the frame has failed does not ask whose it is: what he sets in between is lost.
  WRITE_ONCE(p + page.flags, READ_ONCE(p + page.flags) & PG_hwpoison)
  wr(p + page.mapping, 0)
  push(pcpOf(cpu, page_to_nid(p)) + (huge ? pcp.huge : pcp.small), p)
}

// ---- other orders, for hugetlb ------------------------------------------------------------------------------------

/**
 * `1 << order` frames, aligned to their number, with a reference (of a compound page to be); NULL when there are none.
 */
export function alloc_pages(order: number): Page {
  let p = NULL as Page
  if (should_fail('huge-page')) return p
  for (let i = 0; i < nr_online_nodes && p === NULL; i++) p = popPages(zonelist(numa_node_id(), i), order)
  return p
}

/** As alloc_pages, of this node and no other (__GFP_THISNODE). */
export const alloc_pages_node = (nid: number, order: number): Page =>
  should_fail('huge-page') ? (NULL as Page) : popPages(nid, order)

function popPages(nid: number, order: number): Page {
  const p = order === HPAGE_PMD_ORDER ? popHuge(nid) : allocRun(nid, order)
  if (p !== NULL) atomic_set(p + page._count, 1)
  return p
}

/** The frames of a huge page: of one that this CPU has freed, else fresh ones. It is lost with any of its pages. */
function popHuge(nid: number): Page {
  const list = pcpOf(cpu, nid) + pcp.huge
  let p = pop(list) || freshBlock(nid)
  while (p !== NULL && hasPoison(p)) p = pop(list) || freshBlock(nid)
  return p
}

/** Such a run for a gigantic page, or, where it is smaller than a huge page, one of those that make up one. */
function allocRun(nid: number, order: number): Page {
  if (order >= MAX_ORDER) return NULL
  const node = NODE_DATA(nid)
  spin_lock(node + pgdat.lock)
  const list = node + pgdat.free_runs + order
  let p = pop(list)
  if (p === NULL && order > HPAGE_PMD_ORDER) {
    p = zoneRun(nid, 1 << order)
  } else if (p === NULL) {
    p = freshBlock(nid)
    if (p !== NULL) lookAhead(p)
    for (let i = HPAGE_PMD_NR - (1 << order); p !== NULL && i > 0; i -= 1 << order) push(list, subpage(p, i))
  }
  spin_unlock(node + pgdat.lock)
  return p
}

/** Every free run of frames that is no huge page of THP's order, by its first frame and its order; for truth.ts. */
export function* freeRuns(): Generator<readonly [pfn: number, order: number]> {
  for (let nid = 0; nid < nr_online_nodes; nid++) {
    const runs = NODE_DATA(nid) + pgdat.free_runs
    for (let order = 0; order < MAX_ORDER; order++)
      for (let p = S[runs + order]!; p !== 0; p = S[p + page.lru]!) yield [page_to_pfn(p as Page), order]
  }
}

/** The last reference of `1 << order` frames goes, of a compound page or what was one. */
export function __free_pages(p: Page, order: number): void {
  if (!put_page_testzero(p)) return
  free_pages_check(p, 'page')
  for (let i = 1; i < 1 << order; i++) free_tail_page(p, i)
  wr(p + page.flags, rdm(p + page.flags, PG_hwpoison))
  wr(p + page.mapping, 0)
  if (order === HPAGE_PMD_ORDER) {
    push(pcpOf(cpu, page_to_nid(p)) + pcp.huge, p)
    return
  }
  const node = NODE_DATA(page_to_nid(p))
  spin_lock(node + pgdat.lock)
  push(node + pgdat.free_runs + order, p)
  spin_unlock(node + pgdat.lock)
}

/** What no user of a compound page may have written to; of the fields that tails use otherwise nothing stays. */
export function free_tail_pages_check(head: Page, i: number): void {
  const t = subpage(head, i)
  if (debug_vm) {
    if (i === 1 && rd(head + tail.compound_mapcount) !== -1)
      bad_page(`nonzero compound_mapcount ${rd(head + tail.compound_mapcount) + 1}`)
    if (i > 2 && rd(t + page.mapping) !== TAIL_MAPPING) bad_page('corrupted mapping in tail page')
    if (rd(t + page.compound_head) !== head + 1) bad_page('compound_head not consistent')
  }
  wr(t + page.mapping, 0)
}

/** free_tail_pages_check and free_pages_check of tail `i`, which then is no tail any more. */
function free_tail_page(head: Page, i: number): void {
  const t = subpage(head, i)
  k.free_tail_pages_check(head, i)
  wr(t + page.index, 0)
  wr(t + page.compound_head, 0)
  free_pages_check(t, 'tail page')
  wr(t + page.flags, rdm(t + page.flags, PG_hwpoison))
}

/** PAGE_FLAGS_CHECK_AT_FREE of include/linux/page-flags.h */
const FLAGS_CHECK_AT_FREE = PG_locked | PG_lru | PG_active | PG_mlocked | PG_unevictable | PG_swapcache | PG_writeback

/** A page that is mapped, referenced, locked or on the LRU is not free, whoever says so. */
function free_pages_check(p: Page, what: string): void {
  if (rd(p + page._mapcount) !== -1) bad_page(`${what} freed with nonzero mapcount ${rd(p + page._mapcount) + 1}`)
  const mapping = rd(p + page.mapping)
  if (mapping !== 0 && (mapping & PAGE_MAPPING_ANON) === 0) bad_page(`${what} freed with non-NULL mapping`)
  // Who holds a stale pointer may try to get the page (get_page_unless_zero) even now.
  const count = atomic_read(p + page._count)
  if (count !== 0) bad_page(`${what} freed with nonzero count ${count}`)
  const flags = READ_ONCE(p + page.flags) & FLAGS_CHECK_AT_FREE
  if (flags !== 0) bad_page(`${what} freed with page flags 0x${flags.toString(16)} set`)
}

export function bad_page(reason: string): never {
  throw new KernelBug('bad-page', `BUG: Bad page state: ${reason}`)
}
