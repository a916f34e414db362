// How memory came to be: the kinds of `mmap` as sequences of plain words, after do_run_with_thp() of the kernel's
// selftests/mm/cow.c.

import type { Bytes } from '../engine.ts'
import { type FileMapping, fileRecipe } from './file-mapping.ts'
import type { Word } from './step.ts'
import { bytesOperand } from './words/bytes.ts'
import { PAGE } from './words/scope.ts'

export const kinds = ['base', 'thp', 'thp-pte', 'thp-single', 'thp-moved', 'thp-shared', 'exec-stack'] as const
export type Kind = (typeof kinds)[number]

/** Base pages as `swapped: yes` and `swapcache: yes` leave them. */
export const swapKinds = ['base+swapped', 'base+swapcache'] as const

/** Out of the machine's pool, or out of that of the size named. */
export const hugetlbKinds = [
  'hugetlb',
  'hugetlb-64K',
  'hugetlb-2M',
  'hugetlb-16M',
  'hugetlb-1G',
  'hugetlb-16G',
] as const

/** What a file is made of. */
export const fileKinds = [...hugetlbKinds, 'shmem'] as const

export const kindsAbout =
  'How the memory came to be: base pages; thp mapped by PMD; thp-pte by PTEs; thp-single, of which only the first page ' +
  'is left, and is what the name means; thp-moved, whose upper half was moved away, and the name means the lower; ' +
  'thp-shared, whose first page a child shared that is gone; exec-stack, on which an execve has put the arguments; ' +
  "hugetlb, of the machine's huge pages, or of a size: 2M, 1G, and those of other pools that the machine names; " +
  'base+swapped, swapped out; base+swapcache, mapped and in the swap cache'

/** One new mapping, every amount in bytes. */
export interface Mapping {
  readonly as: string
  /** As mapped; see `namedSize`. */
  readonly size: number
  readonly kind: Kind | 'hugetlb'
  readonly prot: 'r' | 'rw' | 'none'
  readonly fill: Bytes | undefined
  /** Written to page by page, with the bytes that are there. */
  readonly touch: boolean
  readonly populate: boolean
  /** By MAP_LOCKED. */
  readonly locked: boolean
  readonly align: number
  readonly shift: number
  /** -1: where the engine chooses; else, below zero, so far below the end of user space, rounded up to `align`. */
  readonly at: number
  /** `at` without MAP_FIXED. */
  readonly hint: boolean
  /** By MAP_GROWSDOWN. */
  readonly grows: boolean
  /** Bytes in a huge page. */
  readonly huge: number
  /** Of a file, if it is one; private anonymous memory is not. */
  readonly file: FileMapping | undefined
  /** Its pages are swapped out, or were, and stand in the swap cache beside their entries. */
  readonly swap: 'swapped' | 'swapcache' | undefined
}

/** The name of the upper half of a `thp-moved`; no case can write it. */
export function movedName(as: string): string {
  return `${as}.moved`
}

/** Bytes that the name of a mapping means in the end. */
export function namedSize({ kind, size }: Pick<Mapping, 'kind' | 'size'>): number {
  if (kind === 'thp-single') return PAGE
  return kind === 'thp-moved' ? size / 2 : size
}

/** Everything that makes the mapping, in order. */
export function recipe(m: Mapping): Word[] {
  if (m.file !== undefined) return fileRecipe(m, m.file)
  const written = isWritten(m)
  // A mapping that its owner must not write to is filled first and protected afterwards.
  const prot = written ? 'rw' : m.prot
  if (m.kind === 'exec-stack') return [['bprm-mm-init', m.as, m.size], ...filling(m)]
  const ops: Word[] = [
    ['mmap', m.as, m.size, m.align, m.shift, m.at, prot, flagsOf(m)],
    ['madvise', m.as, 0, m.size, m.kind === 'base' ? 'nohugepage' : 'hugepage'],
  ]
  if (written) ops.push(...filling(m))
  if ((written || m.locked) && m.kind !== 'base') ops.push(['shape', m.as, 0, m.size, 'pmd'], ...reshape(m))
  if (m.swap !== undefined) ops.push(...swapOut(m))
  if (prot !== m.prot) ops.push(['mprotect', m.as, 0, namedSize(m), m.prot])
  return ops
}

function filling({ as, size, fill }: Mapping): Word[] {
  return [fill === undefined ? ['touch', as, 0, size, 'w', PAGE] : ['write', as, 0, size, bytesOperand(fill)]]
}

/**
 * What is asked of mmap(2) beside, as bits: 1 is MAP_POPULATE, 2 is MAP_LOCKED, 4 is no MAP_FIXED, 8 is MAP_GROWSDOWN.
 */
function flagsOf({ kind, populate, locked, hint, grows }: Mapping): number {
  const touched = locked ? 2 : kind === 'base' && populate ? 1 : 0
  return touched | (hint ? 4 : 0) | (grows ? 8 : 0)
}

/**
 * Only base memory and plain `thp` may wait for their first fault; the other kinds are made from pages that are there.
 */
function isWritten({ kind, fill, touch, populate, swap }: Mapping): boolean {
  if (fill !== undefined || touch || swap !== undefined) return true
  return kind !== 'base' && (populate || kind !== 'thp')
}

/** From huge pages mapped by PMD to the kind. */
function reshape(m: Mapping): Word[] {
  const { as, size, huge } = m
  switch (m.kind) {
    case 'base':
    case 'exec-stack':
    case 'thp':
    case 'hugetlb':
      return []
    case 'thp-pte':
      return [...mapByPte(m), ['shape', as, 0, size, 'pte']]
    case 'thp-single':
      return [
        ...mapByPte(m),
        ['madvise', as, PAGE, size - PAGE, 'dontneed'],
        ['name', as, PAGE],
        ['shape', as, 0, PAGE, 'pte'],
      ]
    case 'thp-moved':
      return [
        ['mremap', as, huge / 2, huge / 2, movedName(as), huge / 2, PAGE, 0, -1],
        ['name', as, huge / 2],
        ['shape', as, 0, huge / 2, 'pte'],
      ]
    case 'thp-shared':
      return [
        ['madvise', as, PAGE, size - PAGE, 'dontfork'],
        ['fork', `${as}.sharer`],
        ['exit', `${as}.sharer`],
        ['madvise', as, PAGE, size - PAGE, 'dofork'],
        ['shape', as, 0, size, 'pte'],
      ]
  }
}

/**
 * One page of each huge page is left out of forks, and taken back in: the vma is cut there and joined again, which
 * splits the PMD and nothing else. (Access rights, as selftests use them, would leave that page write-protected.)
 */
function mapByPte({ as, size, huge }: Mapping): Word[] {
  const ops: Word[] = []
  for (let at = PAGE; at < size; at += huge) {
    ops.push(['madvise', as, at, PAGE, 'dontfork'], ['madvise', as, at, PAGE, 'dofork'])
  }
  return ops
}

/** Written to the swap area, and for the swap cache read from there: a read leaves the page in the cache. */
function swapOut({ as, size, swap }: Mapping): Word[] {
  const out: Word[] = [
    ['pageout', as, 0, size],
    ['shape', as, 0, size, 'swap'],
  ]
  if (swap === 'swapped') return out
  return [...out, ['touch', as, 0, size, 'r', PAGE], ['shape', as, 0, size, 'swapcache']]
}
