// What a running case has in the model beside the kernel: processes, named ranges, named frames, pins.

import type { Answer, BytesSeen, Range, SignalSeen, StepSeen } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { fput } from '../model/fs/inode.ts'
import { k } from '../model/kernel.ts'
import { Signal } from '../model/mm/fault.ts'
import { mm_alloc } from '../model/mm/fork.ts'
import { put_user_pages } from '../model/mm/gup.ts'
import { hstate, hstates } from '../model/mm/hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from '../model/mm/init.ts'
import { BUS_MCEERR_AR, SIGKILLED } from '../model/mm/memory-failure_kill.ts'
import {
  type Hstate,
  type Inode,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Subpool,
  task_struct,
} from '../model/mm/mm_types.ts'
import { nr_online_nodes } from '../model/mm/mmzone.ts'
import { compound_head } from '../model/mm/page-flags.ts'
import { task_size } from '../model/mm/pgtable.ts'
import { swapCachePages } from '../model/mm/swap_state.ts'
import { swap_info } from '../model/mm/swapfile_map.ts'
import { S } from '../model/store.ts'
import { cachedAt, mapAt, type Named } from './look.ts'
import type { Pin } from './pins.ts'

/** Ranges whose place the case does not state lie from here on, each in huge pages of its own. */
const FIRST_ADDRESS = 0x10000

/** The loader knows every name; that one is missing here means that the step that makes it did not end ok. */
export function neverMade(what: string, name: string): CannotJudge {
  return new CannotJudge(`there is no ${what} ${name}: the step that makes it did not end ok`)
}

/** Sees bytes `from` to `to` of a frame, which stand `offset` bytes from the start of what is looked at. */
export type Visit = (frame: Page, from: number, to: number, offset: number) => void

export class World {
  readonly processes = new Map<string, Mm>()
  readonly ranges = new Map<string, Named>()
  readonly frames = new Map<string, readonly Page[]>()
  /** For each named frame the page that it was part of when it was named: itself, or a huge page's head. */
  private readonly heads = new Map<string, readonly Page[]>()
  readonly pins = new Map<string, Pin>()
  /** Pages that an `isolate` has taken off the LRU, by its name for them. */
  readonly isolated = new Map<string, readonly Page[]>()
  /** Files and segments that have a name. */
  readonly files = new Map<string, Inode>()
  /** Mounts of hugetlbfs that have a limit. */
  readonly mounts: Subpool[] = []
  /** What the step that runs has found; the driver takes it over. */
  bytes: BytesSeen[] = []
  differ: StepSeen['differ'] = undefined
  /** The process that acts. */
  by = 'main'
  private nextAddress = FIRST_ADDRESS
  /** The pools at boot, node by node. */
  private readonly pools = new Map<Hstate, { readonly pages: readonly number[]; readonly overcommit: number }>()

  /** A machine with one process, `main`. */
  static booted(): World {
    const world = new World()
    world.processes.set('main', mm_alloc())
    for (const h of hstates) {
      const pages = Array.from({ length: nr_online_nodes }, (_, nid) => S[h + hstate.nr_huge_pages_node + nid]!)
      world.pools.set(h, { pages, overcommit: S[h + hstate.nr_overcommit_huge_pages]! })
    }
    return world
  }

  /** The same names for the same things, to go on with apart from this one. */
  copy(): World {
    const world = new World()
    for (const [name, mm] of this.processes) world.processes.set(name, mm)
    for (const [name, range] of this.ranges) world.ranges.set(name, { ...range })
    for (const [name, frames] of this.frames) world.frames.set(name, frames)
    for (const [name, heads] of this.heads) world.heads.set(name, heads)
    for (const [name, pin] of this.pins) world.pins.set(name, pin.copy())
    for (const [name, pages] of this.isolated) world.isolated.set(name, pages)
    for (const [name, file] of this.files) world.files.set(name, file)
    world.mounts.push(...this.mounts)
    world.nextAddress = this.nextAddress
    return world
  }

  /** All that later steps could depend on, as text. */
  digest(): string {
    const pins = [...this.pins.values()].map(pin => [pin.state(), pin.pages])
    return JSON.stringify([
      [...this.processes],
      [...this.ranges],
      [...this.frames],
      [...this.heads],
      pins,
      [...this.isolated],
      [...this.files],
      this.nextAddress,
    ])
  }

  get mm(): Mm {
    return this.process(this.by)
  }

  process(name: string): Mm {
    const mm = this.processes.get(name)
    if (mm === undefined) throw neverMade('process', name)
    return mm
  }

  /** Whether there is a process, a range or frames of this name. */
  knows(name: string): boolean {
    return [this.processes, this.ranges, this.frames, this.files].some(names => names.has(name))
  }

  range(name: string): Named {
    const range = this.ranges.get(name)
    if (range === undefined) throw neverMade('range', name)
    return range
  }

  /** A file, or a segment. */
  file(name: string): Inode {
    const file = this.files.get(name)
    if (file === undefined) throw neverMade('file', name)
    return file
  }

  nameFrames(name: string, frames: readonly Page[]): void {
    this.frames.set(name, frames)
    this.heads.set(name, frames.map(compound_head))
  }

  /**
   * What a machine verb works on: of named frames the pages, huge or not, that they were part of when they were named,
   * of a range those that main maps there now, or that stand in the swap cache for what it has swapped out.
   */
  pagesOf(frames: Range): ReadonlySet<Page> {
    return new Set(this.piece(frames).heads)
  }

  /** Another name for frames, or for what a range of main maps. */
  nameAgain(name: string, range: Range): void {
    const { frames, heads } = this.piece(range)
    this.frames.set(name, frames)
    this.heads.set(name, heads)
  }

  /** The base pages themselves, whatever they are part of. */
  basePages(range: Range): readonly Page[] {
    return this.piece(range).frames
  }

  private piece({ of, offset, length }: Range): { readonly frames: readonly Page[]; readonly heads: readonly Page[] } {
    const from = offset / PAGE
    const to = from + length / PAGE
    const heads = this.heads.get(of)
    if (heads !== undefined) return { frames: this.framesOf(of).slice(from, to), heads: heads.slice(from, to) }
    const { addr } = this.range(of)
    const frames: Page[] = []
    for (let i = from; i < to; i++) {
      const { frame, by } = mapAt(this.process('main'), addr + i)
      const page = by === 'swap' ? cachedAt(this.process('main'), addr + i) : frame
      if (page !== NULL) frames.push(page)
    }
    return { frames, heads: frames.map(compound_head) }
  }

  framesOf(name: string): readonly Page[] {
    const frames = this.frames.get(name)
    if (frames === undefined) throw neverMade('frames', name)
    return frames
  }

  /**
   * An address, in base pages, for `pages` pages: `at` bytes if that is not negative, so far below the end of user
   * space if it is less than -1, else a free one of this alignment.
   */
  place(pages: number, align: number, shift: number, at: number): number {
    const huge = HPAGE_PMD_NR
    const step = Math.max(1, align / PAGE)
    if (at < -1) return Math.ceil((task_size() + at / PAGE) / step) * step
    if (at === -1) {
      at = (Math.ceil(this.nextAddress / step) * step + shift / PAGE) * PAGE
      this.nextAddress = Math.ceil((at / PAGE + pages) / huge) * huge + huge
    }
    const addr = at / PAGE
    if (addr + pages > task_size())
      throw new CannotJudge(`the model maps addresses below ${task_size() / 2 ** 18} GiB with this hpage_nr`)
    return addr
  }

  /** The acting process gives up these addresses: what it pinned there need not agree with its page table any more. */
  endContracts(addr: number, pages: number): void {
    for (const pin of this.pins.values())
      if (pin.mm === this.mm) pin.endContract(addr - pin.addr, addr - pin.addr + pages)
  }

  /** A process ends: its address space goes; what its pins hold stays with the device. */
  exit(name: string): void {
    const mm = this.process(name)
    for (const pin of this.pins.values()) if (pin.mm === mm) pin.endContract(0, pin.pages.length)
    this.processes.delete(name)
    k.mmput(mm)
  }

  /** Takes the signals that processes got from others since it was last asked. */
  takeSignals(): SignalSeen[] {
    return [...this.processes].flatMap(([process, mm]) => {
      const task = S[mm + mm_struct.owner]!
      const code = S[task + task_struct.sigbus]!
      S[task + task_struct.sigbus] = 0
      return code === 0 ? [] : [{ process, signal: this.sigbus(code, S[task + task_struct.si_addr]!) }]
    })
  }

  private sigbus(code: number, addr: number): Answer {
    if (code === SIGKILLED) return { kind: 'killed', signal: 'SIGKILL' }
    const name = code === BUS_MCEERR_AR ? 'BUS_MCEERR_AR' : 'BUS_MCEERR_AO'
    const at = [...this.ranges].find(([, range]) => addr >= range.addr && addr < range.addr + range.size / PAGE)
    const place = at && { of: at[0], at: (addr - at[1].addr) * PAGE }
    return { kind: 'signal', signal: 'SIGBUS', code: name, ...place }
  }

  /** What was done before counting is undone: only `main` is left, with nothing mapped. */
  undo(): void {
    for (const name of [...this.processes.keys()]) if (name !== 'main') this.exit(name)
    for (const { addr, size } of this.ranges.values()) k.sys_munmap(this.process('main'), addr, size / PAGE)
    this.release()
    for (const [h, { pages, overcommit }] of this.pools) {
      k.nr_overcommit_hugepages_store(h, overcommit)
      for (const [nid, ofNode] of pages.entries()) k.__nr_hugepages_store_common(h, nid, ofNode)
    }
    this.ranges.clear()
    this.frames.clear()
    this.heads.clear()
  }

  /** What the device holds, what somebody has isolated, and every file. */
  private release(): void {
    for (const pin of this.pins.values()) put_user_pages(pin.pages, pin.written)
    this.pins.clear()
    for (const pages of this.isolated.values()) for (const page of pages) k.putback_movable_page(page)
    this.isolated.clear()
    for (const file of this.files.values()) fput(file)
    this.files.clear()
    for (const spool of this.mounts) k.hugepage_put_subpool(spool)
    this.mounts.length = 0
  }

  /** Everybody goes, the device too; no pagevec holds a page any more. */
  end(): void {
    for (const name of [...this.processes.keys()]) this.exit(name)
    this.release()
    k.lru_add_drain_all()
    // What is left in the swap cache is no leak: reclaim would have it.
    for (const page of swapCachePages()) k.finishWriteback(page, true)
    if (S[swap_info.flags] !== 0) k.sys_swapoff()
    k.lru_add_drain_all()
  }

  /** Calls `visit` for the frame behind each page of a range of the acting process; a signal ends it. */
  access(range: Range, write: boolean, visit: Visit): Answer | undefined {
    const { mm } = this
    const end = range.offset + range.length
    let from = range.offset % PAGE
    let to = 0
    let at = range.offset
    const use = (frame: Page): void => visit(frame, from, to, at - range.offset)
    for (let addr = this.range(range.of).addr + (at - from) / PAGE; at < end; addr++) {
      to = Math.min(PAGE, from + end - at)
      const frame = k.user_access(mm, addr, write, use)
      if (frame instanceof Signal) return signalAnswer(frame, range.of, at)
      at += to - from
      from = 0
    }
    return undefined
  }
}

function signalAnswer({ signal, code }: Signal, of: string, at: number): Answer {
  return signal === 'SIGKILL' ? { kind: 'killed', signal } : { kind: 'signal', signal, code, of, at }
}
