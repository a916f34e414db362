// Mappings of files: of hugetlb, anonymous or not, and of tmpfs, which shared anonymous memory belongs to, too.

import type { Mapping } from './kinds.ts'
import type { Word } from './step.ts'
import { bytesOperand } from './words/bytes.ts'

/** What a mapping of a file is beside. */
export interface FileMapping {
  /** Bytes in one page of the file: a huge page of hugetlb is one. */
  readonly page: number
  readonly shared: boolean
  readonly noreserve: boolean
  /** A file that has a name, and where in it the mapping begins; else the memory is anonymous. */
  readonly file: { readonly name: string; readonly offset: number } | undefined
}

/** Everything that makes the mapping, in order. */
export function fileRecipe(m: Mapping, { page, shared, noreserve, file }: FileMapping): Word[] {
  const { as, size, fill } = m
  const prot = fill !== undefined || m.touch ? 'rw' : m.prot
  const asked = [noreserve && 'n', m.populate && 'f', m.locked && 'l', m.hint && 'h']
  const flags = [shared ? 's' : 'p', ...asked.filter(Boolean)].join('')
  const words: Word[] = [
    ['mmap-file', as, size, m.align, m.shift, m.at, prot, flags, page, file?.name ?? '-', file?.offset ?? 0],
  ]
  if (fill !== undefined) words.push(['write', as, 0, size, bytesOperand(fill)])
  else if (m.touch) words.push(['touch', as, 0, size, 'w', page])
  if (prot !== m.prot) words.push(['mprotect', as, 0, size, m.prot])
  return words
}
