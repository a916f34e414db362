// Allocations that fail when a case wants it (lib/fault-inject.c should_fail, as of mm/failslab.c and fail_page_alloc):
// the nth of a kind from now on, once. Nobody else runs meanwhile: a race is not explored while one is to fail.

import { CannotJudge } from '../bug.ts'
import { S, sbrk } from '../store.ts'

/**
 * What may fail: the chain that anon_vma_prepare wants, a region of a reserve map, a base page, a huge one of any kind.
 */
export const failures = { anon_vma: 0, region: 1, page: 2, 'huge-page': 3 } as const
export type Failure = keyof typeof failures

/** Of each kind how many are left, with the one that fails; 0: none fails. */
let left = 0

export function init_fault_inject(): void {
  left = sbrk(Object.keys(failures).length)
}

export function failNth(of: Failure, nth: number): void {
  S[left + failures[of]] = nth
}

/** Whether this one is to fail. */
export function should_fail(of: Failure): boolean {
  const at = left + failures[of]
  return S[at] !== 0 && --S[at]! === 0
}

/** Called before threads race. */
export function checkNoFailure(): void {
  for (const at of Object.values(failures))
    if (S[left + at] !== 0) throw new CannotJudge('an allocation that is to fail while others run is not explored')
}
