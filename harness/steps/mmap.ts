import { z } from 'zod'
import { kinds, kindsAbout, type Mapping, movedName, namedSize, recipe } from './kinds.ts'
import { type Naming, step } from './step.ts'
import { address, alignAmount, pagesAmount, shiftAmount } from './words/amount.ts'
import { bytes } from './words/bytes.ts'
import { newName, yesNo } from './words/names.ts'
import { context, PAGE } from './words/scope.ts'
import { BadWord, choice, reading } from './words/word.ts'

const given = z.strictObject({
  as: newName('The name of the new range'),
  size: pagesAmount('How much: `2H`, `8P`, `1H-1P`'),
  kind: choice(kinds, kindsAbout).optional(),
  fill: bytes().optional(),
  touch: yesNo('Write to each page the bytes that are there (no)').optional(),
  populate: yesNo('Have the kernel fault it in: MAP_POPULATE, with a thp kind by touching (no)').optional(),
  locked: yesNo(
    'Lock it: MAP_LOCKED, which populates it before any advice; a thp kind wants thp: always (no)',
  ).optional(),
  prot: choice(['r', 'rw', 'none'], 'What its owner may do, once it is filled (rw)').optional(),
  align: alignAmount('Alignment of the start (1P; with a thp kind 1H)').optional(),
  shift: shiftAmount('How far the start lies behind an aligned address (0)').optional(),
  at: address('The address, by MAP_FIXED; else the engine chooses').optional(),
})

export const mmap = step({
  verb: 'mmap',
  about: 'mmap(2) of private anonymous memory, made to be of a kind.',
  example: 'mmap: {as: A, size: 1H, kind: thp, fill: 0x5a}',
  args: given.transform(reading(resolve)),
  names: mapping => {
    const named: Naming[] = [{ kind: 'range', name: mapping.as, size: namedSize(mapping) }]
    if (mapping.kind === 'thp-moved') named.push({ kind: 'range', name: movedName(mapping.as), size: mapping.size / 2 })
    return named
  },
  words: recipe,
})

/** What is not said, and what does not go together. */
function resolve(said: z.output<typeof given>): Mapping {
  const { huge } = context()
  const { size, kind = 'base', at = -1, shift = 0, prot = 'rw', touch = false, populate = false, locked = false } = said
  const thp = kind !== 'base'
  const align = said.align ?? (thp ? huge : PAGE)
  if (at !== -1 && (said.align !== undefined || said.shift !== undefined)) {
    throw new BadWord('BAD_VALUE', 'an address is given: align and shift say nothing more', 'at')
  }
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
  const fill = said.fill !== undefined && 'seed' in said.fill ? { ...said.fill, shift: 0 } : said.fill
  return { as: said.as, size, kind, prot, fill, touch, populate, locked, align, shift, at, huge }
}
