// The migration entry of a huge page is split: what 2e83ee1d8694, ec0abae6dcdf and 9d84604b845c each make of it.

import t from 'tap'
import type { Machine } from '../../../../engine.ts'
import { k } from '../../../kernel.ts'
import { boot } from '../../../machine.ts'
import { mm_alloc } from '../../../mm/fork.ts'
import { type Mm, type Page, page, VM_HUGEPAGE, VM_READ, VM_WRITE } from '../../../mm/mm_types.ts'
import { lock_page, subpage, unlock_page } from '../../../mm/page-flags.ts'
import { pmd_offset, pte_offset, read_pmd, read_pte } from '../../../mm/pgtable.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../../mm/rmap_unmap.ts'
import { is_migration_entry, is_pmd_migration_entry, is_write_migration_entry } from '../../../mm/swapops.ts'
import { checkLocksReleased } from '../../../ops.ts'
import { S } from '../../../store.ts'
import { recount } from '../../../truth.ts'
import { build } from '../../compose.ts'
import { DoesNotBuild } from '../../patch.ts'
import { resolveVariant } from '../../variant.ts'

const N = 4
const A = 1 << 12
const machine: Machine = {
  hpage_nr: N,
  memory: undefined,
  thp: 'madvise',
  nodes: 1,
  cpus: 1,
  debug_vm: false,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 2 ** 21,
  pools: [],
}

/** A huge page that was written to and that a child has, too; locked, with a reference, and unmapped for a move. */
function unmapped(variant: string): { mm: Mm; child: Mm; head: Page } {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const head = k.user_access(mm, A, true) as Page
  k.lru_add_drain()
  const child = k.dup_mm(mm)
  lock_page(head)
  k.get_page(head)
  k.try_to_unmap(head, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  return { mm, child, head }
}

const pmdOf = (mm: Mm) => read_pmd(pmd_offset(mm, A))
const counts = (head: Page, field: number): number[] =>
  Array.from({ length: N }, (_, i) => S[subpage(head, i) + field]!)

t.test('an entry stands for the whole page in every process, and counts as nothing', async t => {
  const { mm, child, head } = unmapped('v4.14')
  t.ok(is_pmd_migration_entry(pmdOf(mm)) && is_pmd_migration_entry(pmdOf(child)))
  t.same(counts(head, page._count), [1, 0, 0, 0])
  t.same(recount({ mms: new Map(Object.entries({ mm, child })), pins: [[head]] }), [])
  k.remove_migration_ptes(head, head)
  k.put_page(head)
  unlock_page(head)
  checkLocksReleased()
  t.equal(k.user_access(child, A + 1, false), subpage(head, 1))
  t.same(recount({ mms: new Map(Object.entries({ mm, child })), pins: [] }), [])
})

t.test('a part of it is unmapped', async t => {
  const fixes = ['', '+2e83ee1d8694', '+2e83ee1d8694+ec0abae6dcdf', '+2e83ee1d8694+ec0abae6dcdf+9d84604b845c']
  const rows = [
    { writable: true, mapcounts: [0, 0, 0, 0], count: N },
    { writable: false, mapcounts: [0, 0, 0, 0], count: N },
    { writable: false, mapcounts: [-1, -1, -1, -1], count: N },
    { writable: false, mapcounts: [-1, -1, -1, -1], count: 1 },
  ]
  for (const [i, fix] of fixes.entries()) {
    const { child, head } = unmapped(`v4.14${fix}`)
    k.sys_munmap(child, A + 3, 1)
    const entry = read_pte(pte_offset(pmdOf(child), A))
    t.ok(is_migration_entry(entry))
    const found = {
      writable: is_write_migration_entry(entry),
      mapcounts: counts(head, page._mapcount),
      count: S[head + page._count],
    }
    t.same(found, rows[i], `v4.14${fix}`)
  }
})
