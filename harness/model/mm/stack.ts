// Local variables whose address is passed on: they lie in cells of the CPU's kernel stack, and hold what was there
// before until they are set.

import { KernelBug } from '../bug.ts'
import { cpu } from '../ops.ts'
import { rd, sbrk, wr } from '../store.ts'
import type { IntPtr } from './mm_types.ts'
import { NR_CPUS } from './slab.ts'

const SLOTS = 8
let stacks = 0

export function init_stack(): void {
  stacks = sbrk(NR_CPUS * SLOTS)
}

/** The address of local variable `slot` of the function that runs on this CPU. */
export const local_int = (slot: number): IntPtr => (stacks + cpu * SLOTS + slot) as IntPtr

/** `*p` */
export const load_int = (p: IntPtr): number => rd(p)

/** `*p = value`; through NULL it is an oops. */
export function store_int(p: IntPtr, value: number): void {
  if (p === 0) throw new KernelBug('oops', 'unable to handle kernel NULL pointer dereference at (null)')
  wr(p, value)
}
