// Bytes that were found, in runs: neighbouring spans of frames joined where they go on alike.

import type { Bytes, BytesSeen } from '../engine.ts'
import { isUniform, patternSeed, spansOf } from '../model/contents.ts'
import type { Page } from '../model/mm/mm_types.ts'
import { page_content } from '../model/mm/page-flags.ts'

type Run = { offset: number; length: number; bytes: Bytes }

/** Grows page by page, in order. */
export class Runs {
  readonly list: Run[] = []

  /** Bytes `from` to `to` of a frame, which stand `offset` bytes from where reading began. */
  add(frame: Page, from: number, to: number, offset: number): void {
    const content = page_content(frame)
    const last = this.list.at(-1)
    if (isUniform(content)) {
      if (last !== undefined && 'fill' in last.bytes && last.bytes.fill === content) last.length += to - from
      else this.list.push({ offset, length: to - from, bytes: { fill: content } })
      return
    }
    for (const span of spansOf(content, from, to)) {
      const at = offset + span.from - from
      const bytes: Bytes =
        span.pattern < 256
          ? { fill: span.pattern }
          : { seed: patternSeed(span.pattern), shift: (span.shift + span.from) | 0 }
      this.join({ offset: at, length: span.to - span.from, bytes })
    }
  }

  private join(run: Run): void {
    const last = this.list.at(-1)
    if (last !== undefined && goesOn(last, run.bytes)) last.length += run.length
    else this.list.push(run)
  }

  /** What was read of `range`. */
  of(range: string): BytesSeen {
    return { range, runs: this.list }
  }
}

function goesOn({ length, bytes }: Run, next: Bytes): boolean {
  if ('fill' in bytes) return 'fill' in next && bytes.fill === next.fill
  return 'seed' in next && bytes.seed === next.seed && (((bytes.shift ?? 0) + length) | 0) === next.shift
}
