// What no case can see of the versions of April 2010: the mapping that a new page is left with.

import t from 'tap'
import type { Machine } from '../../../engine.ts'
import { k } from '../../kernel.ts'
import { boot } from '../../machine.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { mm_alloc } from '../../mm/fork.ts'
import { type Mm, type Page, page, VM_NOHUGEPAGE, VM_READ, VM_WRITE } from '../../mm/mm_types.ts'
import { alloc_page } from '../../mm/page_alloc.ts'
import { get_page, page_mapped } from '../../mm/page-flags.ts'
import { pmd_offset, pte_offset, read_pmd, read_pte } from '../../mm/pgtable.ts'
import { is_migration_entry } from '../../mm/swapops.ts'
import { readCounters } from '../../mm/vmstat.ts'
import { checkLocksReleased } from '../../ops.ts'
import { S } from '../../store.ts'
import { build } from '../compose.ts'
import { DoesNotBuild } from '../patch.ts'
import { topicOf } from '../topics.ts'
import { resolveVariant } from '../variant.ts'

const A = 1 << 12
const machine: Machine = {
  hpage_nr: 4,
  memory: 1 << 24,
  thp: 'madvise',
  nodes: 1,
  cpus: 1,
  debug_vm: true,
  swap: true,
  swap_area: 2 ** 23,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 2 ** 21,
  pools: [],
}

/** A page off the LRU that is in the swap cache, written, and not mapped; its process lives. */
function unmappedSwapcache(name: string): { p: Page; mm: Mm } {
  const resolved = resolveVariant(name)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, 1, VM_READ | VM_WRITE | VM_NOHUGEPAGE)
  const p = k.user_access(mm, A, true) as Page
  k.lru_add_drain_all()
  k.reclaim_pages([p], { inFlight: true })
  k.finishWriteback(p, true)
  k.lru_add_drain_all()
  k.isolateForMigration(p)
  return { p, mm }
}

t.test(
  'an orphaned page is lost: its process has a migration entry, and reclaim finds a page that nobody has',
  async t => {
    const [version] = topicOf('migrate-swapcache+470f119f0120')!.filter(name => name.includes('posted-m1+'))
    const { p, mm } = unmappedSwapcache(version!)
    k.putback_movable_page(p)
    k.user_access(mm, A, false)
    k.lru_add_drain_all()
    k.isolateForMigration(p)
    const newpage = alloc_page()
    t.equal(k.__unmap_and_move(p, newpage), 0)
    t.ok(is_migration_entry(read_pte(pte_offset(read_pmd(pmd_offset(mm, A)), A))))
    k.putback_lru_page(newpage)
    k.lru_add_drain_all()
    t.match(readCounters(), { SwapCached: 4096, AnonPages: 0 }, 'only the swap cache has it, with its bytes')
    k.reclaim_pages([newpage], { inFlight: false })
    t.equal(S[newpage + page._count], 0)
    t.match(readCounters(), { SwapCached: 0, SwapFree: readCounters().SwapTotal })
    t.throws(() => k.user_access(mm, A, false), { message: /PageLocked/ })
  },
)

const last = (name: string): string => name.split('+').at(-1)!

t.test(
  'a page of the swap cache that nobody maps does not move: the new page has no mapping, or the old one',
  async t => {
    const left = topicOf('migrate-swapcache')!.filter(name => {
      const { p } = unmappedSwapcache(name)
      t.notOk(page_mapped(p), name)
      const newpage = alloc_page()
      // Somebody has found it in the swap cache, and waits for its lock.
      get_page(p)
      t.equal(k.__unmap_and_move(p, newpage), -EAGAIN, name)
      checkLocksReleased()
      return S[newpage + page.mapping] !== 0
    })
    t.same(left.map(last), ['swapcache-minchan', 'swapcache-posted-m2'])
  },
)

t.test('nobody has found it: it moves under all but the versions that want no page without a map', async t => {
  const stays = topicOf('migrate-swapcache')!.filter(name => {
    const { p } = unmappedSwapcache(name)
    const rc = k.__unmap_and_move(p, alloc_page())
    checkLocksReleased()
    return rc !== 0
  })
  t.same(stays.map(last), ['67b9509b2c68'])
})
