// Looking things up in an observation: which frames a range maps, which frames a name stands for.

import type { FramesSeen, MapKind, Observation, Range, RangeSeen } from '../engine.ts'

export const pageSize = 4096

/**
 * Consecutive frames: `length` bytes at `offset` from the start of the range asked for; no pfn where none is mapped.
 */
export interface FrameRun {
  readonly offset: number
  readonly length: number
  readonly pfn: number | undefined
  readonly mapped: MapKind | undefined
}

/** How `process` maps `range` after step `index`; undefined if the engine did not look there. */
export function mappingOf(seen: Observation, index: number, process: string, range: Range): FrameRun[] | undefined {
  const entry = seen.steps[index]?.ranges.find(r => r.process === process && r.range === range.of)
  return entry && clip(mappingRuns(entry), range)
}

/** The frames that a name stands for, as last told before or at step `index`; undefined if never told. */
export function framesOf(seen: Observation, index: number, range: Range): FrameRun[] | undefined {
  const entry = framesSeen(seen, index, range.of, frames => frames.runs.length > 0)
  return entry && clip(namedRuns(entry), range)
}

/** Whether the named frames have been given back, as told at step `index`; engines tell it of a name as a whole. */
export function freedAt(seen: Observation, index: number, { of, offset, length }: Range): boolean | undefined {
  const entry = seen.steps[index]?.frames.find(frames => frames.name === of)
  const pages = entry?.runs.reduce((sum, run) => sum + run.pages, 0)
  return offset === 0 && length === (pages ?? 0) * pageSize ? entry?.freed : undefined
}

/** The first place where two views of the same length differ in their frames. */
export function firstDifference(a: readonly FrameRun[], b: readonly FrameRun[]): Difference | undefined {
  for (const run of a) {
    for (const other of b) {
      const from = Math.max(run.offset, other.offset)
      if (from >= Math.min(run.offset + run.length, other.offset + other.length)) continue
      const [left, right] = [pfnAt(run, from), pfnAt(other, from)]
      if (left !== right) return { offset: from, left, right }
    }
  }
  return undefined
}

export interface Difference {
  readonly offset: number
  readonly left: number | undefined
  readonly right: number | undefined
}

function framesSeen(seen: Observation, index: number, name: string, good: (f: FramesSeen) => boolean) {
  for (let i = index; i >= 0; i--) {
    const entry = seen.steps[i]?.frames.find(frames => frames.name === name && good(frames))
    if (entry !== undefined) return entry
  }
  return undefined
}

function mappingRuns(entry: RangeSeen): FrameRun[] {
  return entry.runs.map(({ offset, length, mapped, pfn }) => ({ offset, length, mapped, pfn }))
}

function namedRuns(entry: FramesSeen): FrameRun[] {
  let offset = 0
  return entry.runs.map(({ pfn, pages }) => {
    const run = { offset, length: pages * pageSize, pfn, mapped: undefined }
    offset += run.length
    return run
  })
}

/** The part of `runs` that `range` covers, by pages, offsets counted from its start. */
function clip(runs: readonly FrameRun[], range: Range): FrameRun[] {
  const start = range.offset - (range.offset % pageSize)
  const end = range.offset + range.length
  return runs.flatMap(run => {
    const from = Math.max(run.offset, start)
    const to = Math.min(run.offset + run.length, end)
    return from < to ? [{ offset: from - start, length: to - from, pfn: pfnAt(run, from), mapped: run.mapped }] : []
  })
}

function pfnAt(run: FrameRun, offset: number): number | undefined {
  return run.pfn === undefined ? undefined : run.pfn + Math.floor((offset - run.offset) / pageSize)
}
