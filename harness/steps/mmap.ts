import { z } from 'zod'
import type { FileMapping } from './file-mapping.ts'
import { hugetlbKinds, kinds, kindsAbout, type Mapping, movedName, namedSize, recipe, swapKinds } from './kinds.ts'
import { type Naming, step } from './step.ts'
import { address, alignAmount, pagesAmount, shiftAmount } from './words/amount.ts'
import { bytes } from './words/bytes.ts'
import { readHugeSize } from './words/hugepage.ts'
import { newName, yesNo } from './words/names.ts'
import { file, hugeOf } from './words/range.ts'
import { context, PAGE } from './words/scope.ts'
import { BadWord, choice, reading } from './words/word.ts'

const given = z.strictObject({
  as: newName('The name of the new range'),
  size: pagesAmount('How much: `2H`, `8P`, `1H-1P`'),
  kind: choice([...kinds, ...swapKinds, ...hugetlbKinds], kindsAbout).optional(),
  swapped: yesNo('Swapped out at the end (no)').optional(),
  swapcache: yesNo('Swapped out and read again: its pages are mapped, and in the swap cache (no)').optional(),
  shared: yesNo('MAP_SHARED, of base memory, of hugetlb or of a file (no)').optional(),
  noreserve: yesNo('MAP_NORESERVE, of hugetlb (no)').optional(),
  of: file('The file that is mapped, whose pages it has').optional(),
  offset: shiftAmount('Where in the file the mapping begins (0)').optional(),
  fill: bytes().optional(),
  touch: yesNo('Write to each page the bytes that are there (no)').optional(),
  populate: yesNo('Have the kernel fault it in: MAP_POPULATE, with a thp kind by touching (no)').optional(),
  locked: yesNo(
    'Lock it: MAP_LOCKED, which populates it before any advice; a thp kind wants thp: always (no)',
  ).optional(),
  grows: choice(
    ['down'],
    'MAP_GROWSDOWN, of private base memory: like a stack it grows where it is touched below its start',
  ).optional(),
  prot: choice(['r', 'rw', 'none'], 'What its owner may do, once it is filled (rw)').optional(),
  align: alignAmount('Alignment of the start (1P; with huge pages 1H)').optional(),
  shift: shiftAmount('How far the start lies behind an aligned address (0)').optional(),
  at: address('The address, by MAP_FIXED: `16G`, `TASK_SIZE-1H`; else the engine chooses').optional(),
  hint: address('The address without MAP_FIXED: where it cannot be had, the kernel chooses').optional(),
})

type Said = z.output<typeof given>

export const mmap = step({
  verb: 'mmap',
  about: 'mmap(2) of anonymous memory, made to be of a kind, or of a file; base memory and hugetlb may be shared.',
  example: 'mmap: {as: A, size: 1H, kind: thp, fill: 0x5a}',
  args: given.transform(reading(resolve)),
  huge: given => hugeOf(given, 'of') ?? hugeOfKind(given),
  names: mapping => {
    const { as, huge, file } = mapping
    const named: Naming[] = [{ kind: 'range', name: as, size: namedSize(mapping), huge, page: file?.page ?? PAGE }]
    if (mapping.kind === 'thp-moved') named.push({ kind: 'range', name: movedName(as), size: mapping.size / 2, huge })
    return named
  },
  words: recipe,
})

/** Bytes in a huge page of the kind that is said; of `base` it is the machine's. */
export function hugeOfKind(given: unknown): number | undefined {
  const kind = typeof given === 'object' && given !== null && 'kind' in given ? given.kind : 'base'
  const sized = hugetlbKinds.find(one => one === kind && one !== 'hugetlb')
  if (sized !== undefined) return readHugeSize(sized.slice('hugetlb-'.length))
  return typeof kind === 'string' && kind.startsWith('thp') ? context().thp : undefined
}

/** What is not said, and what does not go together. */
function resolve(said: Said): Mapping {
  const { huge } = context()
  const { size, hint, at = hint ?? -1, shift = 0, prot = 'rw', touch = false, populate = false, locked = false } = said
  const { kind, swap } = swapOf(said)
  const file = fileOf(said)
  if (swap !== undefined && file !== undefined)
    throw new BadWord('BAD_VALUE', 'only private base memory is made swapped out: pageout does it to any', swap)
  const thp = kind !== 'base' && kind !== 'exec-stack' && !isHugetlb(kind)
  const align = said.align ?? (kind === 'base' ? PAGE : huge)
  if (at !== -1 && (said.align !== undefined || said.shift !== undefined)) {
    throw new BadWord(
      'BAD_VALUE',
      'an address is given: align and shift say nothing more',
      hint === undefined ? 'at' : 'hint',
    )
  }
  if (hint !== undefined && said.at !== undefined)
    throw new BadWord('BAD_VALUE', 'at is where it is mapped in any case: a hint says nothing more', 'hint')
  if (hint !== undefined && thp)
    throw new BadWord('BAD_VALUE', 'where the kernel puts it, no transparent huge page need begin', 'hint')
  if (thp && size % huge !== 0) throw new BadWord('BAD_VALUE', `kind: ${kind} is made of whole huge pages (H)`, 'size')
  if ((kind === 'thp-single' || kind === 'thp-moved') && size !== huge) {
    throw new BadWord('BAD_VALUE', `kind: ${kind} is made of one huge page: its size is 1H`, 'size')
  }
  if (thp && (align % huge !== 0 || shift % huge !== 0)) {
    throw new BadWord(
      'BAD_VALUE',
      `kind: ${kind} begins at a huge page: advise base memory for anything else`,
      align % huge ? 'align' : 'shift',
    )
  }
  if (thp && at !== -1 && at % huge !== 0) throw new BadWord('BAD_VALUE', `kind: ${kind} begins at a huge page`, 'at')
  const placed = (['prot', 'populate', 'locked', 'align', 'shift', 'at', 'hint'] as const).find(
    key => said[key] !== undefined,
  )
  if (kind === 'exec-stack' && placed !== undefined)
    throw new BadWord('BAD_VALUE', 'the kernel decides all else of the stack of an execve', placed)
  refuseStack(said, kind, file)
  const fill = said.fill !== undefined && 'seed' in said.fill ? { ...said.fill, shift: 0 } : said.fill
  const plainKind = isHugetlb(kind) ? 'hugetlb' : kind
  const asked = { fill, touch, populate, locked, swap }
  return {
    as: said.as,
    size,
    kind: plainKind,
    prot,
    ...asked,
    align,
    shift,
    at,
    hint: hint !== undefined,
    grows: said.grows !== undefined,
    huge,
    file,
  }
}

/** What goes together with growing down. */
function refuseStack({ grows, populate, locked }: Said, kind: PlainKind, file: FileMapping | undefined): void {
  if (grows === undefined) return
  if (kind !== 'base' || file !== undefined)
    throw new BadWord('BAD_VALUE', 'only private base memory grows down', 'grows')
  if (populate || locked) throw new BadWord('BAD_VALUE', 'it is not populated: it grows by being touched', 'grows')
}

/** The kind without what is said of swap, be it there (`base+swapped`) or apart. */
function swapOf(said: Said): { readonly kind: PlainKind; readonly swap: Mapping['swap'] } {
  const { kind = said.of === undefined ? 'base' : kindOf(said.of) } = said
  const swapped = said.swapped === true || kind === 'base+swapped'
  const swapcache = said.swapcache === true || kind === 'base+swapcache'
  const plain = kind === 'base+swapped' || kind === 'base+swapcache' ? 'base' : kind
  const key = swapcache ? 'swapcache' : 'swapped'
  if ((swapped || swapcache) && plain !== 'base')
    throw new BadWord('BAD_VALUE', 'only base memory is made swapped out: pageout does it to any', key)
  if (swapped && swapcache) throw new BadWord('BAD_VALUE', 'it is either swapped out or mapped: swapcache is both', key)
  return { kind: plain, swap: swapcache ? 'swapcache' : swapped ? 'swapped' : undefined }
}

type PlainKind = Exclude<NonNullable<Said['kind']>, (typeof swapKinds)[number]>

function isHugetlb(kind: string): kind is (typeof hugetlbKinds)[number] {
  return (hugetlbKinds as readonly string[]).includes(kind)
}

/** Of a file its own: base pages of tmpfs, or huge ones. */
const kindOf = (name: string): 'base' | 'hugetlb' =>
  context().scope.find(name, 'file').page === PAGE ? 'base' : 'hugetlb'

function fileOf({ kind, shared, noreserve, of, offset }: Said): FileMapping | undefined {
  if (of !== undefined && kind !== undefined)
    throw new BadWord('BAD_VALUE', `the kind of the memory is that of the file ${of}`, 'kind')
  if (of === undefined && offset !== undefined)
    throw new BadWord('BAD_VALUE', 'only a file has an offset: say of which', 'offset')
  const hugetlb = of === undefined ? kind !== undefined && isHugetlb(kind) : kindOf(of) === 'hugetlb'
  if (noreserve !== undefined && !hugetlb)
    throw new BadWord('BAD_VALUE', 'only memory of hugetlb is mapped noreserve', 'noreserve')
  if (shared !== undefined && !hugetlb && of === undefined && (kind ?? 'base') !== 'base')
    throw new BadWord('BAD_VALUE', 'only base memory and memory of hugetlb is mapped shared', 'shared')
  if (!hugetlb && of === undefined && shared !== true) return undefined
  const file = of === undefined ? undefined : { name: of, offset: offset ?? 0 }
  const page = hugetlb ? context().huge : PAGE
  return { page, shared: shared ?? false, noreserve: noreserve ?? false, file }
}
