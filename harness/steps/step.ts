// What a verb is: its schema, what it names, and the plain words that do it, in the model and on a real kernel alike.

import type { z } from 'zod'
import type { Range } from '../engine.ts'

/** What a step brings into being or ends; the loader keeps the scope from it, engines need not look. */
export type Naming =
  /** `of`: the memory that the new name is another name for. */
  | {
      readonly kind: 'range'
      readonly name: string
      readonly size: number
      readonly of?: Range
      /** Bytes in one of its huge pages, and in one of its pages, where they are not as usual. */
      readonly huge?: number
      readonly page?: number
    }
  | {
      readonly kind: 'frames'
      readonly name: string
      readonly of: Range
      readonly pinned?: 'read' | 'write'
      readonly isolated?: true
    }
  /** `page`: bytes in one of its pages. */
  | { readonly kind: 'file'; readonly name: string; readonly size: number; readonly page: number }
  | { readonly kind: 'segment'; readonly name: string; readonly size: number; readonly page: number }
  /** A file or a segment that has no name any more. */
  | { readonly kind: 'removed'; readonly name: string }
  /** These frames are not pinned any more, but keep their name. */
  | { readonly kind: 'unpinned'; readonly name: string }
  | { readonly kind: 'process'; readonly name: string }
  | { readonly kind: 'end-process'; readonly name: string }

/**
 * A plain word and its operands. The model does it in harness/explore/words.ts, a real kernel in harness/kernel/probe.
 */
export type Word = readonly (string | number)[]

/** One verb. `A` is what its schema gives once names and amounts are resolved. */
export interface StepDef<A = unknown> {
  readonly verb: string
  /** One sentence, for `list steps`, the schema and the editor. */
  readonly about: string
  /** YAML that a person could paste into a case. */
  readonly example: string
  readonly args: z.ZodType<A>
  /** Bytes in the huge page that H means in the arguments, where these say it; else it is the machine's. */
  huge?(given: unknown): number | undefined
  /** Machine verbs take frames, not a process: `by` is refused. */
  readonly machine?: boolean
  /** Who does it, where the arguments say so: `by` is refused. */
  actor?(args: A): string
  names?(args: A): readonly Naming[]
  /** The words that do it, in order; the first that is not ok is the answer of the step. */
  words(args: A): readonly Word[]
}

/** Declares a verb; only here so that `args` and the functions agree on their type. */
export function step<A>(def: StepDef<A>): StepDef<A> {
  return def
}
