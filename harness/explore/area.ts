// Where a mapping is to be: the engine chooses, or asks the kernel for an address.

import { k } from '../model/kernel.ts'
import { huge_page_mask } from '../model/mm/hugetlb_hstate.ts'
import { type Hstate, NULL } from '../model/mm/mm_types.ts'
import type { World } from './world.ts'

/** Amounts in bytes. */
export interface Place {
  readonly align: number
  readonly shift: number
  /** -1: where the engine chooses; else, below zero, so far below the end of user space. */
  readonly at: number
  /** `at` without MAP_FIXED. */
  readonly hint: boolean
}

/** The address of `pages` pages, of huge ones where `h` is not NULL, or the error that mmap(2) answers. */
export function areaFor(world: World, { align, shift, at, hint }: Place, pages: number, h: Hstate): number {
  const addr = world.place(pages, align, shift, at)
  // What the engine has chosen is free, and aligned unless the case wants it otherwise.
  if (at === -1 && (h === NULL || (addr & ~huge_page_mask(h)) === 0)) return addr
  return k.findArea(world.mm, addr, pages, !hint, h)
}
