// What a cell is, in words: for traces, deadlocks and races.

import { HPAGE_PMD_NR, max_pfn, mem_map, zone } from './mm/init.ts'
import { anon_vma, anon_vma_chain, mm_struct, page, vm_area } from './mm/mm_types.ts'
import { objectAt } from './mm/slab.ts'
import { cpuOfLocalLock, readerOf } from './ops.ts'

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
}

/** `zone.lru_lock`, `page 512.flags`, `mm_struct.mmap_sem` … */
export function cellName(cell: number): string {
  const index = cell - mem_map
  if (index >= 0 && index < max_pfn * page.SIZE) {
    const pfn = index >> page.ORDER
    return `page ${pfn}.${pageFields[index & (page.SIZE - 1)]}`
  }
  for (const [name, at] of Object.entries(zone)) if (at === cell) return `zone.${name}`
  const n = cpuOfLocalLock(cell)
  if (n !== undefined) return `CPU ${n}'s local lock`
  const reader = readerOf(cell)
  if (reader !== undefined) return `RCU section of thread ${reader}`
  const object = objectAt(cell)
  if (object === undefined) return `cell ${cell}`
  const at = cell - object.start
  if (object.name === 'pgtable') return at === 0 ? 'page table lock' : `pte ${at - 8}`
  if (object.name === 'pmd') return at === 0 ? 'pmd lock' : `pmd ${at - 8}`
  return `${object.name}.${structs[object.name]?.[at] ?? at}`
}

/** A name without the number in it, so that the same place of different pages is one. */
export function kindOfCell(cell: number): string {
  const name = cellName(cell)
  const head = /^page (\d+)\./.exec(name)
  if (head === null) return name.replace(/ \d+/g, '')
  return name.replace(head[1]!, Number(head[1]) % HPAGE_PMD_NR === 0 ? 'head' : 'tail')
}
