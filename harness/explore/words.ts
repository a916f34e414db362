// The plain words of steps, done in the model. A real kernel does the same words: harness/kernel/probe.

import type { Answer, Range } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { type Failure, failNth } from '../model/mm/fault-inject.ts'
import { put_user_pages } from '../model/mm/gup.ts'
import type { Advice } from '../model/mm/madvise.ts'
import { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } from '../model/mm/mlock_vma.ts'
import { mm_struct, NULL, VM_GROWSDOWN, VM_LOCKED, VM_READ, VM_WRITE } from '../model/mm/mm_types.ts'
import { task_size } from '../model/mm/pgtable.ts'
import { S } from '../model/store.ts'
import { answerOf, errno } from './answer.ts'
import { areaFor } from './area.ts'
import * as file from './file-words.ts'
import { direct, pattern, poke, store, through } from './held.ts'
import * as hugetlb from './hugetlb-words.ts'
import { framesAt, hasShape } from './look.ts'
import * as machine from './machine-words.ts'
import { Pin } from './pins.ts'
import { rdma } from './rdma.ts'
import { Runs } from './runs.ts'
import * as stack from './stack.ts'
import { neverMade, type World } from './world.ts'

type Operand = string | number
/** Does a word; undefined is ok. */
type Life = (world: World, operands: readonly Operand[]) => Answer | undefined

const text = (o: Operand | undefined): string => String(o)
const count = (o: Operand | undefined): number => Number(o)

const protections: Readonly<Record<string, number>> = { none: 0, r: VM_READ, rw: VM_READ | VM_WRITE }

function piece([of, offset, length]: readonly Operand[]): Range {
  return { of: text(of), offset: count(offset), length: count(length), text: text(of) }
}

/** The pages of a piece: the first address and how many, as the kernel rounds them. */
function pagesOf(world: World, { of, offset, length }: Range): { readonly addr: number; readonly pages: number } {
  const first = Math.floor(offset / PAGE)
  return { addr: world.range(of).addr + first, pages: Math.ceil((offset + length) / PAGE) - first }
}

/** One access to each page of `page` bytes, small or huge. */
function touch(world: World, range: Range, write: boolean, page: number): Answer | undefined {
  if (page === PAGE) return world.access(range, write, () => {})
  const end = range.offset + range.length
  for (let offset = range.offset; offset < end; offset = (Math.floor(offset / page) + 1) * page) {
    const answer = world.access({ ...range, offset, length: 1 }, write, () => {})
    if (answer !== undefined) return answer
  }
  return undefined
}

const words: Readonly<Record<string, Life>> = {
  mmap: (world, [name, size, align, shift, at, prot, flags]) => {
    const pages = count(size) / PAGE
    const asked = (bit: number) => (count(flags) & bit) !== 0
    const place = { align: count(align), shift: count(shift), at: count(at), hint: asked(4) }
    const addr = areaFor(world, place, pages, NULL)
    if (addr < 0) return answerOf(addr)
    if (count(at) !== -1 && !asked(4)) {
      world.endContracts(addr, pages)
      k.sys_munmap(world.mm, addr, pages)
    }
    const vmFlags = (asked(2) ? VM_LOCKED : 0) | (asked(8) ? VM_GROWSDOWN : 0)
    k.sys_mmap(world.mm, addr, pages, protections[text(prot)]! | vmFlags)
    world.ranges.set(text(name), { addr, size: count(size) })
    if (asked(1)) return world.access(piece([name!, 0, size!]), text(prot) === 'rw', () => {})
    return undefined
  },

  'bprm-mm-init': (world, [name, size]) => {
    stack.bprmMmInit(world, text(name), count(size))
    return undefined
  },
  'exec-stack': (world, [name]) => answerOf(stack.execStack(world, text(name))),

  munmap: (world, operands) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    world.endContracts(addr, pages)
    return answerOf(k.sys_munmap(world.mm, addr, pages))
  },

  'mmap-file': (world, [name, size, align, shift, at, prot, flags, page, of, offset]) =>
    file.mmapFile(world, {
      name: text(name),
      size: count(size),
      align: count(align),
      shift: count(shift),
      at: count(at),
      prot: protections[text(prot)]!,
      flags: text(flags),
      page: count(page),
      file: text(of),
      offset: count(offset),
    }),
  file: (world, [name, page, max, min]) => file.createFile(world, text(name), count(page), count(max), count(min)),
  unlink: (world, [name]) => file.remove(world, text(name)),
  truncate: (world, [name, size]) => file.truncate(world, text(name), count(size)),
  fallocate: (world, operands) => file.fallocate(world, piece(operands)),
  // Who is advised to read ahead finds no readpage in hugetlbfs (mm/readahead.c force_page_cache_readahead); fadvise
  // keeps that to itself.
  fadvise: () => undefined,
  readahead: () => errno('EINVAL'),
  punch: (world, operands) => file.punch(world, piece(operands)),
  shmget: (world, [name, page, size, noreserve]) =>
    hugetlb.shmget(world, text(name), count(page), count(size), count(noreserve) === 1),
  shmat: (world, [name, of, size, page, prot]) =>
    hugetlb.shmat(world, text(name), text(of), count(size), count(page), prot === 'r'),
  shmdt: (world, operands) => hugetlb.shmdt(world, piece(operands)),
  shmrm: (world, [name]) => file.remove(world, text(name)),
  'nr-hugepages': (_, [kilobytes, pages, node]) => hugetlb.nrHugepages(count(kilobytes), count(pages), count(node)),
  overcommit: (_, [kilobytes, pages]) => hugetlb.overcommit(count(kilobytes), count(pages)),

  mremap: (world, [of, offset, length, name, size, align, shift, at]) => {
    const { addr, pages } = pagesOf(world, piece([of!, offset!, length!]))
    const to = world.place(count(size) / PAGE, count(align), count(shift), count(at))
    const after = count(size) / PAGE
    if (to > task_size() - after) return errno('EINVAL')
    // mm/mremap.c mremap_to: the two places must not overlap; what stood at the new one is unmapped.
    if (addr + pages > to && to + after > addr) return errno('EINVAL')
    world.endContracts(addr, pages)
    world.endContracts(to, after)
    const error = k.sys_mremap(world.mm, addr, pages, to, after)
    if (error !== 0) return answerOf(error)
    world.ranges.set(text(name), { addr: to, size: count(size) })
    return undefined
  },

  brk: (world, [name, size, at, of]) => {
    const pages = count(size) / PAGE
    const begins = of === '-'
    const addr = begins ? world.place(pages, PAGE, 0, count(at)) : world.range(text(of)).addr
    if (begins) k.placeHeap(world.mm, addr)
    const end = S[world.mm + mm_struct.brk]!
    if (end > addr + pages) world.endContracts(addr + pages, end - addr - pages)
    if (k.sys_brk(world.mm, addr + pages) !== addr + pages) return errno('ENOMEM')
    world.ranges.set(text(name), { addr, size: count(size) })
    return undefined
  },

  mprotect: (world, operands) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    return answerOf(k.sys_mprotect(world.mm, addr, pages, protections[text(operands[3])]!))
  },

  madvise: (world, operands) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    const advice = text(operands[3]) as Advice
    if (advice === 'dontneed' || advice === 'free' || advice === 'remove') world.endContracts(addr, pages)
    return answerOf(k.sys_madvise(world.mm, addr, pages, advice))
  },

  mlock: (world, operands) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    const onfault = count(operands[3]) === 1
    return answerOf((onfault ? k.sys_mlock_onfault : k.sys_mlock)(world.mm, addr, pages))
  },

  munlock: (world, operands) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    return answerOf(k.sys_munlock(world.mm, addr, pages))
  },

  mlockall: (world, [current, future, onfault]) => {
    const flags = (of: Operand | undefined, flag: number): number => (count(of) === 1 ? flag : 0)
    k.sys_mlockall(world.mm, flags(current, MCL_CURRENT) | flags(future, MCL_FUTURE) | flags(onfault, MCL_ONFAULT))
    return undefined
  },

  munlockall: world => {
    k.sys_munlockall(world.mm)
    return undefined
  },

  write: (world, operands) => {
    const what = pattern(operands[3])
    return world.access(piece(operands), true, (frame, from, to, offset) => store(frame, from, to, offset, what))
  },

  read: (world, operands) => {
    const range = piece(operands)
    const runs = new Runs()
    const answer = world.access(range, false, (frame, from, to, offset) => runs.add(frame, from, to, offset))
    world.bytes.push(runs.of(range.text))
    return answer
  },

  touch: (world, operands) => touch(world, piece(operands), text(operands[3]) === 'w', count(operands[4])),

  shape: (world, [of, offset, length, shape]) => {
    const { addr } = world.range(text(of))
    const place = { addr: addr + count(offset) / PAGE, size: count(length) }
    if (!hasShape(world.mm, place, text(shape)))
      throw new CannotJudge(`${text(of)} did not come out mapped by ${text(shape)}`)
    return undefined
  },

  name: (world, [of, size]) => {
    world.range(text(of)).size = count(size)
    return undefined
  },

  fork: (world, [name]) => {
    world.processes.set(text(name), k.dup_mm(world.mm))
    return undefined
  },

  exit: (world, [name]) => {
    world.exit(text(name))
    return undefined
  },

  note: (world, [name, ...operands]) => {
    const { addr, pages } = pagesOf(world, piece(operands))
    const frames = framesAt(world.mm, addr, pages)
    if (frames === undefined)
      throw new CannotJudge(`${text(operands[0])} has pages that are not mapped: there is no frame to note`)
    world.nameFrames(text(name), frames)
    return undefined
  },

  pin: (world, [name, of, offset, length, hold, access]) => {
    const { addr, pages } = pagesOf(world, piece([of!, offset!, length!]))
    const got = k.get_user_pages(world.mm, addr, pages, access === 'write')
    if (got.error !== 0) {
      put_user_pages(got.pages, false)
      return answerOf(got.error)
    }
    const pin = new Pin(
      text(name),
      world.by,
      world.mm,
      addr,
      got.pages,
      text(hold),
      access === 'write' ? 'write' : 'read',
    )
    world.pins.set(pin.name, pin)
    world.nameFrames(pin.name, pin.pages)
    return undefined
  },

  unpin: (world, [name]) => {
    const pin = pinOf(world, name)
    world.pins.delete(pin.name)
    put_user_pages(pin.pages, pin.written)
    return undefined
  },

  /** What a device reads goes to a file that nobody else has. */
  'odirect-write': (world, operands) => {
    const range = piece(operands)
    const runs = new Runs()
    const answer = direct(world, range, false, (frame, from, to, offset) => runs.add(frame, from, to, offset))
    world.bytes.push(runs.of(range.text))
    return answer
  },

  'odirect-read': (world, operands) => {
    const what = pattern(operands[3])
    return direct(world, piece(operands), true, (frame, from, to, offset) => store(frame, from, to, offset, what))
  },

  'ptrace-poke': (world, operands) => {
    const what = pattern(operands[3])
    return poke(world, piece(operands), (frame, from, to, offset) => store(frame, from, to, offset, what))
  },

  'dma-read': (world, operands) => {
    const range = piece(operands)
    pinOf(world, operands[0])
    const runs = new Runs()
    through(world.framesOf(range.of), range, (frame, from, to, offset) => runs.add(frame, from, to, offset))
    world.bytes.push(runs.of(range.text))
    return undefined
  },

  'dma-write': (world, operands) => {
    const range = piece(operands)
    const what = pattern(operands[3])
    pinOf(world, operands[0]).written = true
    through(world.framesOf(range.of), range, (frame, from, to, offset) => store(frame, from, to, offset, what))
    return undefined
  },

  rdma: (world, [from, to, transfers, min, max, seed]) => {
    pinOf(world, to).written = true
    return rdma(world, pinOf(world, from), pinOf(world, to), {
      transfers: count(transfers),
      min: count(min),
      max: count(max),
      seed: count(seed),
    })
  },

  split: (world, operands) => machine.split(world, piece(operands)),
  isolate: (world, [name, ...operands]) => machine.isolate(world, text(name), piece(operands)),
  putback: (world, [name]) => machine.putback(world, text(name)),
  compact: world => machine.compact(world),
  migrate: (world, operands) => machine.migrate(world, piece(operands), count(operands[3])),
  pageout: (world, operands) => machine.pageout(world, piece(operands), false),
  'pageout-in-flight': (world, operands) => machine.pageout(world, piece(operands), true),
  'writeback-done': (world, operands) => machine.finishWriteback(world, piece(operands), true),
  'writeback-fail': (world, operands) => machine.finishWriteback(world, piece(operands), false),
  swapon: () => machine.swapon(),
  swapoff: () => machine.swapoff(),
  collapse: (world, operands) => machine.collapse(world, piece(operands)),
  poison: (world, operands) => machine.poison(world, piece(operands), operands[3] === 'required'),
  'soft-offline': (world, operands) => machine.softOffline(world, piece(operands)),
  unpoison: (world, operands) => machine.unpoison(world, piece(operands)),

  'mce-kill': (world, [policy]) => {
    k.prctl_mce_kill(world.mm, text(policy) as 'early' | 'late' | 'default')
    return undefined
  },

  'fail-alloc': (_, [of, nth]) => {
    failNth(text(of) as Failure, count(nth))
    return undefined
  },
  'drain-lru': () => {
    k.lru_add_drain_all()
    return undefined
  },

  'clear-refs': (world, [name]) => {
    k.clear_refs_write(world.process(text(name)))
    return undefined
  },
}

/** Threads are run beside each other, not as a word. */
export const knowsWord = (word: string): boolean => word === 'race' || Object.hasOwn(words, word)

/** Does one word for the acting process. */
export function doWord(world: World, [verb, ...operands]: readonly Operand[]): Answer | undefined {
  const life = words[text(verb)]
  if (life === undefined) throw new CannotJudge(`the model does not know the word ${text(verb)}`)
  return life(world, operands)
}

function pinOf(world: World, name: Operand | undefined): Pin {
  const pin = world.pins.get(text(name))
  if (pin === undefined) throw neverMade('pin', text(name))
  return pin
}
