// What can be said of a patch without running it: the functions that it changes, and the kernel's files that have them.

import { moduleOf } from './compose.ts'
import type { Patch } from './patch.ts'
import { patches } from './releases.ts'

export interface FunctionChanged {
  readonly name: string
  readonly change: 'added' | 'changed' | 'gone'
  /** `mm/huge_memory.c`; undefined: v4.5 has no such function. */
  readonly file: string | undefined
}

export interface PatchDescribed {
  readonly id: string
  readonly subject: string
  readonly release: string | undefined
  /** Of a posted version: the commit it became. */
  readonly standsFor: string | undefined
  /** Of a commit: the versions of it that were posted before. */
  readonly posted: readonly string[]
  readonly needs: readonly string[]
  readonly functions: readonly FunctionChanged[]
}

export function describe({ id, subject, release, standsFor, needs = [], changes }: Patch): PatchDescribed {
  const posted = patches.filter(patch => patch.standsFor === id).map(patch => patch.id)
  return { id, subject, release, standsFor, posted, needs, functions: functionsOf(changes) }
}

function functionsOf(changes: Patch['changes']): FunctionChanged[] {
  return Object.entries(changes).flatMap(([name, { before, after }]): FunctionChanged[] => {
    const module = moduleOf(name)
    // How the truth is recounted changes with what there is to count; no kernel has such a function.
    if (module?.startsWith('recount')) return []
    const change = before === undefined ? 'added' : after === undefined ? 'gone' : 'changed'
    return [{ name, change, file: module === undefined ? undefined : kernelFile(module) }]
  })
}

/** Files of the kernel with an underscore in their name; in ours it parts the file from a piece of it. */
const underscored = ['huge_memory', 'memory_failure', 'page_alloc', 'page_io', 'swap_state', 'task_mmu']

/** Those that do not lie at mm/NAME.c. */
const elsewhere: Readonly<Record<string, string>> = {
  fault: 'arch/x86/mm/fault.c',
  fork: 'kernel/fork.c',
  hugetlbfs: 'fs/hugetlbfs/inode.c',
  memory_failure: 'mm/memory-failure.c',
  mm: 'include/linux/mm.h',
  shm: 'ipc/shm.c',
  task_mmu: 'fs/proc/task_mmu.c',
}

function kernelFile(module: string): string {
  const stem = underscored.find(name => module === name || module.startsWith(`${name}_`)) ?? module.split('_')[0]!
  return elsewhere[stem] ?? `mm/${stem}.c`
}
