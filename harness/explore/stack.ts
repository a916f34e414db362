// The stack of an execve, in the address space of the process that acts: what it maps beside stays.

import { CannotJudge } from '../model/bug.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { HPAGE_PMD_NR } from '../model/mm/init.ts'
import { NULL, VM_GROWSDOWN, vm_area } from '../model/mm/mm_types.ts'
import { S } from '../model/store.ts'
import type { World } from './world.ts'

/** How far the stack moves down: by chance in the kernel, here so far that the two places have tables of their own. */
const shift = (): number => HPAGE_PMD_NR

export function bprmMmInit(world: World, name: string, size: number): void {
  const addr = world.place(size / PAGE + shift(), HPAGE_PMD_NR * PAGE, 0, -1) + shift()
  k.__bprm_mm_init(world.mm, addr, size / PAGE)
  world.ranges.set(name, { addr, size })
}

export function execStack(world: World, name: string): number {
  const { addr, size } = world.range(name)
  const vma = k.find_vma(world.mm, addr)
  if (vma === NULL || !(S[vma + vm_area.vm_flags]! & VM_GROWSDOWN)) throw new CannotJudge(`${name} is not a stack`)
  const error = k.setup_arg_pages(vma, shift())
  if (error === 0) world.ranges.set(name, { addr: addr - shift(), size })
  return error
}
