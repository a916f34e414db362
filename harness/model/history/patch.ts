// What a patch is: whole functions, before and after. The difference between the two sides is the patch.

import type { Kernel } from '../kernel.ts'

/** Stands for a side that does not compile under the machine's configuration, with the compiler's reason. */
export class DoesNotBuild {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** Both sides of each function that a patch changes; `undefined` where the kernel has no such function. */
export type Changes<F extends keyof Kernel = keyof Kernel> = {
  readonly [K in F]?: { readonly before: Kernel[K] | undefined; readonly after: Kernel[K] | undefined | DoesNotBuild }
}

export interface PatchText {
  readonly subject: string
  /** The release that has it; of a posted version, which no release has: undefined. */
  readonly release: string | undefined
  /** Of a posted version: the commit it became. */
  readonly standsFor?: string
  /** Other commits of its series, which are part of its functions and cannot be had apart. */
  readonly with?: readonly string[]
  /** Patches without which it means nothing although its functions would fit. */
  readonly needs?: readonly string[]
  readonly changes: Changes
}

export interface Patch extends PatchText {
  /** A commit id of twelve digits, or thread and version: `thp-mapcount-posted-v1`. */
  readonly id: string
}

/** Declares a patch. Its sides have the types of the kernel's functions: a misspelt name does not compile. */
export function patch(id: string, text: PatchText): Patch {
  return { id, ...text }
}
