// Keeps the shadow in step with the case: what each verb changes in memory.

import type { Answer, Bytes, Range, Step } from '../engine.ts'
import type { Place, Shadow } from './shadow.ts'

/** What `step` did to memory; a step that did not answer ok did nothing. */
export function follow({ verb, by, args }: Step, answer: Answer, shadow: Shadow): void {
  if (answer.kind === 'ok' && Object.hasOwn(changes, verb)) changes[verb]?.(args as never, by, shadow)
}

type Change = (args: never, by: string, shadow: Shadow) => void
type Written = readonly { readonly range: Range; readonly bytes: Bytes }[]

const changes: Readonly<Record<string, Change>> = {
  mmap,
  mremap,
  brk,
  shmat,
  truncate,
  punch,
  madvise,
  write,
  fork,
  pin,
  unpin,
  'odirect-read': write,
  'ptrace-poke': write,
  'dma-write': dmaWrite,
  rdma,
}

interface Mapping {
  readonly as: string
  readonly size: number
  readonly fill: Bytes | undefined
  readonly hugetlb?: { readonly shared: boolean; readonly file: Place | undefined }
}

function mmap({ as, size, fill, hugetlb }: Mapping, by: string, shadow: Shadow): void {
  if (hugetlb?.shared) shadow.mapShared(by, as, size, hugetlb.file)
  else if (hugetlb?.file !== undefined) shadow.mapFile(by, as, hugetlb.file)
  else shadow.map(by, as, size)
  if (fill !== undefined) shadow.write(by, { of: as, offset: 0, length: size }, fill)
}

function mremap({ range, as }: { readonly range: Range; readonly as: string }, by: string, shadow: Shadow): void {
  shadow.rename(by, range, as)
}

function brk(
  { range, as, size }: { range: Range | undefined; as: string; size: number },
  by: string,
  shadow: Shadow,
): void {
  if (range === undefined) shadow.map(by, as, size)
  else shadow.rename(by, range, as)
}

function shmat({ of, as, size }: { of: string; as: string; size: number }, by: string, shadow: Shadow): void {
  shadow.mapShared(by, as, size, { name: of, offset: 0 })
}

function truncate(all: readonly { file: string; size: number }[], _by: string, shadow: Shadow): void {
  for (const { file, size } of all) shadow.cutFile(file, size)
}

function punch({ of, offset, length }: Range, _by: string, shadow: Shadow): void {
  shadow.cutFile(of, offset, length)
}

/** What is given back reads as zeros when it is asked for anew. */
function madvise(all: readonly { readonly range: Range; readonly advice: string }[], by: string, shadow: Shadow): void {
  for (const { range, advice } of all)
    if (advice === 'dontneed' || advice === 'remove') shadow.write(by, range, { fill: 0 })
}

function write(all: Written, by: string, shadow: Shadow): void {
  for (const { range, bytes } of all) shadow.write(by, range, bytes)
}

function fork(child: string, by: string, shadow: Shadow): void {
  shadow.fork(by, child)
}

function pin({ range, as }: { readonly range: Range; readonly as: string }, by: string, shadow: Shadow): void {
  shadow.pin(by, range, as)
}

function unpin({ frames }: { readonly frames: string }, _by: string, shadow: Shadow): void {
  shadow.unpin(frames)
}

function dmaWrite(all: Written, _by: string, shadow: Shadow): void {
  for (const { range, bytes } of all) shadow.dmaWrite(range, bytes)
}

/** Random bytes in both buffers; it compares them itself. */
function rdma({ from, to }: { readonly from: Range; readonly to: Range }, _by: string, shadow: Shadow): void {
  shadow.dmaWrite(from, undefined)
  shadow.dmaWrite(to, undefined)
}
