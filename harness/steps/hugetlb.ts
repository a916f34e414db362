// Memory of hugetlb: mappings of huge pages out of a pool, anonymous or of a file.

import type { Mapping } from './kinds.ts'
import type { Word } from './step.ts'
import { bytesOperand } from './words/bytes.ts'

/** What a mapping of hugetlb is beside. */
export interface Hugetlb {
  /** Bytes in one huge page. */
  readonly page: number
  readonly shared: boolean
  readonly noreserve: boolean
  /** A file, and where in it the mapping begins; else the memory is anonymous. */
  readonly file: { readonly name: string; readonly offset: number } | undefined
}

/** Everything that makes the mapping, in order. */
export function hugetlbRecipe(m: Mapping, { page, shared, noreserve, file }: Hugetlb): Word[] {
  const { as, size, fill } = m
  const prot = fill !== undefined || m.touch ? 'rw' : m.prot
  const flags = [shared ? 's' : 'p', noreserve ? 'n' : '', m.populate ? 'f' : '', m.locked ? 'l' : ''].join('')
  const words: Word[] = [
    ['mmap-huge', as, size, m.align, m.shift, m.at, prot, flags, page, file?.name ?? '-', file?.offset ?? 0],
  ]
  if (fill !== undefined) words.push(['write', as, 0, size, bytesOperand(fill)])
  else if (m.touch) words.push(['touch', as, 0, size, 'w', page])
  if (prot !== m.prot) words.push(['mprotect', as, 0, size, m.prot])
  return words
}
