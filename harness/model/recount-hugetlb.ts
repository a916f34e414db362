// The truth about huge pages of hugetlb: pools, reservations, page caches, maps and references, counted again from page
// tables, pins, reserve maps and lists.

import { allInodes, inode } from './fs/inode.ts'
import { k } from './kernel.ts'
import { cachedPages } from './mm/filemap.ts'
import { hstate, hstates } from './mm/hugetlb_hstate.ts'
import { file_region, resv_map } from './mm/hugetlb_region.ts'
import { HPAGE_RESV_OWNER } from './mm/hugetlb_resv.ts'
import { hugepage_subpool, subpool_cachep } from './mm/hugetlb_subpool.ts'
import { HPAGE_PMD_NR, HPAGE_PMD_ORDER } from './mm/init.ts'
import {
  type AddressSpace,
  type Hstate,
  type Mm,
  mm_struct,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmd,
  type Pte,
  page,
  tail,
  VM_HUGETLB,
  VM_MAYSHARE,
  VM_NORESERVE,
  vm_area,
} from './mm/mm_types.ts'
import { nr_online_nodes, page_to_nid } from './mm/mmzone.ts'
import { isHugetlbHead, PG_head, PG_hwpoison } from './mm/page-flags.ts'
import {
  firstPte,
  forEachPmd,
  forEachPud,
  page_to_pfn,
  pfn_to_page,
  pointsToTable,
  pte_pfn,
  pte_present,
} from './mm/pgtable.ts'
import { liveObjects, objectsOf } from './mm/slab.ts'
import { differs } from './recount-compound.ts'
import { headOf } from './recount-tally.ts'
import { S } from './store.ts'

/** Base pages of a hugetlb page, by its head. */
export const hugePages = (p: Page): number => 1 << S[p + tail.compound_order]!

/** Whether an entry that points to no table maps a huge page of hugetlb, or a part of one. */
export function isHugePte(e: Pmd): boolean {
  if (!pte_present(e as number as Pte)) return false
  const head = headOf(pfn_to_page(pte_pfn(e)))
  return (S[head + page.flags]! & PG_head) !== 0 && isHugetlbHead(head)
}

/** Calls `visit` for the first entry of each huge page of hugetlb that an address space maps, by address. */
export function forEachHugePte(mm: Mm, visit: (addr: number, e: Pmd) => void): void {
  const found: [number, Pmd][] = []
  const look = (addr: number, e: Pmd): void => {
    const p = pfn_to_page(pte_pfn(e))
    if (isHugePte(e) && headOf(p) === p) found.push([addr, e])
  }
  // Every huge page belongs to a file.
  if (allInodes().next().done) return
  forEachPmd(mm, (addr, e) => {
    if (!pointsToTable(e)) look(addr, e)
    else if (smallest() < HPAGE_PMD_ORDER)
      for (let i = 0; i < HPAGE_PMD_NR; i++) look(addr + i, S[firstPte(e) + i]! as Pmd)
  })
  forEachPud(mm, look)
  for (const [addr, e] of found.sort(([a], [b]) => a - b)) visit(addr, e)
}

const smallest = (): number => S[hstates[0]! + hstate.order]!

/**
 * How often a hugetlb page says that it is mapped; undefined: this release has no reverse mapping of it. As of v4.5.
 */
export function hugetlbMaps(p: Page): number | undefined {
  return S[p + tail.compound_mapcount]! + 1
}

/** Base pages of hugetlb that an address space says it maps; undefined: it does not say. As of v4.5. */
export function hugetlbUsage(mm: Mm): number | undefined {
  return S[mm + mm_struct.hugetlb_usage]!
}

/** Whether a page says that it is no file's, but somebody's own. */
export const isPrivateHugePage = (p: Page): boolean => (S[p + page.mapping]! & PAGE_MAPPING_ANON) !== 0

type Add = (anomaly: string, text: string) => void

/** What one size of huge pages adds up to. */
interface Sum {
  pages: number
  /** Of each node. */
  readonly nodes: number[]
  free: number
  resv: number
}

/** Adds up pools while the frames are gone through, then compares. */
export class Pools {
  private readonly sums = new Map<Hstate, Sum>()
  /** Where a page stands in the cache of a file. */
  private readonly cached = new Map<Page, AddressSpace>()
  private readonly free = new Set<number>()
  /** What of a quota is in use or reserved. */
  private readonly used = new Map<number, number>()
  private readonly add: Add

  constructor(mms: Iterable<Mm>, add: Add) {
    this.add = add
    for (const h of hstates) {
      this.sums.set(h, { pages: 0, nodes: new Array(nr_online_nodes).fill(0), free: 0, resv: 0 })
      this.walkFreeLists(h)
    }
    for (const i of allInodes()) if (S[i + inode.hstate] !== 0) this.walkFile(i)
    for (const mm of mms) {
      for (let vma = S[mm + mm_struct.mmap]!; vma !== 0; vma = S[vma + vm_area.vm_next]!) this.walkVma(vma)
    }
  }

  private walkFreeLists(h: Hstate): void {
    for (let nid = 0; nid < nr_online_nodes; nid++) {
      const head = h + hstate.hugepage_freelists + 2 * nid
      let n = 0
      for (let at = S[head]!; at !== head && n < 1 << 24; at = S[at]!, n++) {
        const p = (at - tail.hugetlb_lru) as Page
        this.free.add(p)
        if (page_to_nid(p) !== nid)
          this.add('page-corrupted', `huge frame ${page_to_pfn(p)} is on the free list of node ${nid}`)
      }
      this.same(`length of the free list of node ${nid}`, S[h + hstate.free_huge_pages_node + nid]!, n)
    }
  }

  /** Pages of the cache, and reservations of those that are not there. */
  private walkFile(i: number): void {
    const mapping = (i + inode.i_data) as AddressSpace
    const h = S[i + inode.hstate]! as Hstate
    let resv = pagesIn(S[i + inode.private_data]!, 0, Number.POSITIVE_INFINITY)
    for (const [index, p] of cachedPages(mapping)) {
      this.cached.set(p, mapping)
      if (pagesIn(S[i + inode.private_data]!, index, index + 1) === 1) resv--
      if (S[p + page.mapping] !== mapping || S[p + page.index] !== index)
        this.add('page-corrupted', `frame ${page_to_pfn(p)} is in the page cache of a file that it does not name`)
    }
    this.reserved(h, S[i + inode.subpool]!, resv)
  }

  /** What the owner of a private mapping has reserved and not used. */
  private walkVma(vma: number): void {
    const flags = S[vma + vm_area.vm_flags]!
    const data = S[vma + vm_area.vm_private_data]!
    if (!(flags & VM_HUGETLB) || flags & (VM_MAYSHARE | VM_NORESERVE) || !(data & HPAGE_RESV_OWNER)) return
    const i = S[vma + vm_area.vm_file]!
    const h = S[i + inode.hstate]! as Hstate
    const order = S[h + hstate.order]!
    const from = S[vma + vm_area.vm_pgoff]! >> order
    const to = from + ((S[vma + vm_area.vm_end]! - S[vma + vm_area.vm_start]!) >> order)
    this.reserved(h, S[i + inode.subpool]!, to - from - pagesIn(data & ~3, from, to))
  }

  private reserved(h: Hstate, spool: number, n: number): void {
    this.sums.get(h)!.resv += n
    this.use(spool, n)
  }

  private use(spool: number, n: number): void {
    if (spool !== 0) this.used.set(spool, (this.used.get(spool) ?? 0) + n)
  }

  /** One huge page: `refs` maps and pins refer to it, `maps` of them map it; `written`: by somebody privately. */
  checkPage(p: Page, refs: number, maps: number, written: boolean): void {
    const pfn = page_to_pfn(p)
    const h = hstates.find(each => 1 << S[each + hstate.order]! === hugePages(p))!
    const sum = this.sums.get(h)!
    const mapping = this.cached.get(p)
    const cached = mapping !== undefined
    const count = S[p + page._count]!
    // Who has taken a lost page out of use keeps it for ever.
    const lost = count !== 0 && (S[p + page.flags]! & PG_hwpoison) !== 0
    const expected = refs + (cached ? 1 : 0) + (lost ? 1 : 0)
    sum.pages++
    sum.nodes[page_to_nid(p)]!++
    if (count === 0) sum.free++
    // Whatever a page of a file says itself, the quota of the file's mount counts it.
    else this.use(mapping === undefined ? S[p + tail.private]! : S[mapping - inode.i_data + inode.subpool]!, 1)
    if (count !== expected)
      this.add(
        count === 0 ? 'use-after-free' : 'refcount-mismatch',
        `huge frame ${pfn} has ${count} reference(s), its users are ${expected}`,
      )
    if (this.free.has(p) !== (count === 0))
      this.add(
        'page-corrupted',
        `huge frame ${pfn} has ${count} reference(s) and is ${count === 0 ? 'not ' : ''}on the free list`,
      )
    const says = k.hugetlbMaps(p)
    if (says !== undefined && says !== maps)
      this.add('mapcount-mismatch', differs(`mapcount of huge frame ${pfn}`, says, maps))
    if (written && (maps > 1 || cached || !k.isPrivateHugePage(p)))
      this.add(
        'leaked-write',
        `huge frame ${pfn} is written to privately, and ${cached ? 'the file has it' : `mapped ${maps} times`}`,
      )
  }

  /** Compares what the pools and the quotas say with the sums. */
  check(): void {
    if (liveObjects(subpool_cachep) > 0) for (const spool of objectsOf(subpool_cachep)) this.checkQuota(spool)
    for (const [h, sum] of this.sums) {
      const size = `huge pages of ${1 << S[h + hstate.order]!}`
      this.same(`${size}: nr`, S[h + hstate.nr_huge_pages]!, sum.pages)
      this.same(`${size}: free`, S[h + hstate.free_huge_pages]!, sum.free)
      this.same(`${size}: reserved`, S[h + hstate.resv_huge_pages]!, sum.resv)
      // The free ones of each node are those of its list.
      for (const [nid, pages] of sum.nodes.entries())
        this.same(`${size}: nr of node ${nid}`, S[h + hstate.nr_huge_pages_node + nid]!, pages)
      let surplus = 0
      for (let nid = 0; nid < nr_online_nodes; nid++) surplus += S[h + hstate.surplus_huge_pages_node + nid]!
      this.same(`${size}: surplus of all nodes`, S[h + hstate.surplus_huge_pages]!, surplus)
      if (S[h + hstate.surplus_huge_pages]! > S[h + hstate.nr_huge_pages]!)
        this.add('counter-drift', `${size}: more surplus than there are`)
    }
  }

  private checkQuota(spool: number): void {
    const used = this.used.get(spool) ?? 0
    if (S[spool + hugepage_subpool.max_hpages] !== -1)
      this.same('pages of a mount in use or reserved', S[spool + hugepage_subpool.used_hpages]!, used)
    const min = S[spool + hugepage_subpool.min_hpages]!
    const sum = this.sums.get(S[spool + hugepage_subpool.hstate]! as Hstate)
    // Not said, or an object that was taken in another course of things.
    if (min === -1 || sum === undefined) return
    const rsv = S[spool + hugepage_subpool.rsv_hpages]!
    // Releases differ in how soon pages that a mount gives back are kept for it again.
    this.same('pages kept for a mount', rsv, Math.min(min, Math.max(rsv, min - used, 0)))
    sum.resv += rsv
  }

  private same(what: string, is: number, expected: number): void {
    if (is !== expected) this.add('counter-drift', differs(what, is, expected))
  }
}

/** How many of the pages from..to a reserve map has. */
function pagesIn(map: number, from: number, to: number): number {
  if (map === 0) return 0
  const head = map + resv_map.regions
  let n = 0
  for (let rg = S[head]!; rg !== head; rg = S[rg]!)
    n += Math.max(0, Math.min(S[rg + file_region.to]!, to) - Math.max(S[rg + file_region.from]!, from))
  return n
}
