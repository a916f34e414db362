// What a cell is, in words: for traces, deadlocks and races.

import { inode } from './fs/inode.ts'
import { hugetlb_fault_mutex_table, NUM_FAULT_MUTEXES } from './mm/hugetlb_fault.ts'
import { hstate, hstates, hugetlb_lock } from './mm/hugetlb_hstate.ts'
import { file_region, resv_map } from './mm/hugetlb_region.ts'
import { hugepage_subpool } from './mm/hugetlb_subpool.ts'
import { HPAGE_PMD_NR, max_pfn, mem_map, zone } from './mm/init.ts'
import { address_space } from './mm/interval_tree.ts'
import { anon_vma, anon_vma_chain, mm_struct, page, type Swp, vm_area } from './mm/mm_types.ts'
import { zoneCellName } from './mm/mmzone.ts'
import { objectAt } from './mm/slab.ts'
import { swapper_space, swapSlot } from './mm/swap_state.ts'
import { swap_info } from './mm/swapfile_map.ts'
import { cpuOfLocalLock } from './ops.ts'
import { rcuCellName } from './rcu.ts'
import { S } from './store.ts'

/** Fields of a struct, their names by place. */
function namesOf(layout: Readonly<Record<string, number>>): Readonly<Record<number, string>> {
  return Object.fromEntries(
    Object.entries(layout)
      .filter(([name]) => name !== 'SIZE' && name !== 'ORDER')
      .map(([name, at]) => [at, name]),
  )
}

const pageFields = namesOf(page)
/** By the name of their slab cache. */
const structs: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  mm_struct: namesOf(mm_struct),
  vm_area_struct: namesOf(vm_area),
  anon_vma: namesOf(anon_vma),
  anon_vma_chain: namesOf(anon_vma_chain),
  resv_map: namesOf(resv_map),
  file_region: namesOf(file_region),
  hugepage_subpool: namesOf(hugepage_subpool),
  inode: {
    ...namesOf(inode),
    ...Object.fromEntries(Object.entries(address_space).map(([name, at]) => [inode.i_data + at, name])),
  },
}

/** `zone.lru_lock`, `page 512.flags`, `mm_struct.mmap_sem` … */
export function cellName(cell: number): string {
  return lastingName(cell) ?? objectCellName(cell)
}

/** What a cell is from boot on; undefined: of an object, another one as memory is given back and taken anew. */
function lastingName(cell: number): string | undefined {
  const index = cell - mem_map
  if (index >= 0 && index < max_pfn * page.SIZE) {
    const pfn = index >> page.ORDER
    return `page ${pfn}.${pageFields[index & (page.SIZE - 1)]}`
  }
  for (const [name, at] of Object.entries(zone)) if (at === cell) return `zone.${name}`
  const ofZone = zoneCellName(cell)
  if (ofZone !== undefined) return ofZone
  const slot = swapCellName(cell)
  if (slot !== undefined) return slot
  const pool = poolCellName(cell)
  if (pool !== undefined) return pool
  const n = cpuOfLocalLock(cell)
  if (n !== undefined) return `CPU ${n}'s local lock`
  return rcuCellName(cell)
}

function objectCellName(cell: number): string {
  const object = objectAt(cell)
  if (object === undefined) return `cell ${cell}`
  const at = cell - object.start
  if (object.name === 'pgtable') return at === 0 ? 'page table lock' : `pte ${at - 8}`
  if (object.name === 'pmd') return at === 0 ? 'pmd lock' : `pmd ${at - 8}`
  return `${object.name}.${structs[object.name]?.[at] ?? at}`
}

const swapFields = [
  'lock',
  'flags',
  'lowest_bit',
  'cluster_next',
  'cluster_nr',
  'inuse_pages',
  'nr_swap_pages',
  'total_swap_pages',
] as const

/** What a cell is of the swap area or of the swap cache. */
function swapCellName(cell: number): string | undefined {
  for (const name of swapFields) if (cell === swap_info[name]) return `swap_info.${name}`
  for (const name of ['swap_map', 'contents', 'queues'] as const) {
    const slot = cell - swap_info[name]
    if (slot >= 0 && slot < swap_info.max) return `swap_info.${name} ${slot}`
  }
  const cached = cell - swapSlot(0 as Swp)
  if (cached >= 0 && cached < swap_info.max) return `swapper_space slot ${cached}`
  const field = Object.entries(address_space).find(([, at]) => swapper_space + at === cell)
  return field && `swapper_space.${field[0]}`
}

const poolFields = namesOf(hstate)

/** What a cell is of hugetlb: its lock, a count of a pool, a fault mutex. */
function poolCellName(cell: number): string | undefined {
  if (cell === hugetlb_lock) return 'hugetlb_lock'
  const h = hstates.find(start => cell >= start && cell < start + hstate.SIZE)
  if (h !== undefined) return `hstate of ${1 << S[h + hstate.order]!} pages.${poolFields[cell - h] ?? cell - h}`
  const mutex = cell - hugetlb_fault_mutex_table(0)
  return mutex >= 0 && mutex < NUM_FAULT_MUTEXES ? `fault mutex ${mutex}` : undefined
}

/** A name without the number in it, so that the same place of different pages is one. */
export function kindOfCell(cell: number): string {
  return withoutNumber(cellName(cell))
}

/** As kindOfCell, but the same for all cells of objects: what stands where in them may differ from run to run. */
export function lastingKindOf(cell: number): string {
  return withoutNumber(lastingName(cell) ?? 'object')
}

function withoutNumber(name: string): string {
  const head = /^page (\d+)\./.exec(name)
  if (head === null) return name.replace(/ \d+/g, '')
  return name.replace(head[1]!, Number(head[1]) % HPAGE_PMD_NR === 0 ? 'head' : 'tail')
}
