// Bytes that were found, in runs: neighbouring spans of frames joined where they go on alike.

import type { Bytes, BytesSeen } from '../engine.ts'
import { patternSeed, spansOf } from '../model/contents.ts'
import type { Page } from '../model/mm/mm_types.ts'
import { page_content } from '../model/mm/page-flags.ts'

type Run = { offset: number; length: number; bytes: Bytes }

/** Frames with the bytes looked at (`from` to `to`) and where these stand in what was read. */
export function runsOf(
  pieces: Iterable<readonly [frame: Page, from: number, to: number, offset: number]>,
): BytesSeen['runs'] {
  const runs: Run[] = []
  for (const [frame, from, to, offset] of pieces) {
    for (const span of spansOf(page_content(frame), from, to)) {
      const at = offset + span.from - from
      const bytes: Bytes =
        span.pattern < 256
          ? { fill: span.pattern }
          : { seed: patternSeed(span.pattern), shift: (span.shift + span.from) | 0 }
      const last = runs.at(-1)
      if (last !== undefined && goesOn(last, bytes)) last.length += span.to - span.from
      else runs.push({ offset: at, length: span.to - span.from, bytes })
    }
  }
  return runs
}

function goesOn({ length, bytes }: Run, next: Bytes): boolean {
  if ('fill' in bytes) return 'fill' in next && bytes.fill === next.fill
  return 'seed' in next && bytes.seed === next.seed && (((bytes.shift ?? 0) + length) | 0) === next.shift
}
