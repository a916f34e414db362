import { z } from 'zod'
import { step } from './step.ts'
import { readSize } from './words/amount.ts'
import { file } from './words/range.ts'
import { context } from './words/scope.ts'
import { BadWord, pairs, reading } from './words/word.ts'

export const truncate = step({
  verb: 'truncate',
  about: 'ftruncate(2) of each file: what lies beyond the new end is given back, whoever maps it.',
  example: 'truncate: {f: 1H}',
  args: pairs(file('A file'), z.string().describe('Its new size'), 'Files and the new size of each').transform(
    reading(all => all.map(([name, text]) => ({ file: name, size: sizeOf(name, text) }))),
  ),
  words: all => all.map(({ file, size }) => ['truncate', file, size]),
})

function sizeOf(name: string, text: string): number {
  try {
    return readSize(text, context().scope.find(name, 'file').huge)
  } catch (bad) {
    throw bad instanceof BadWord ? new BadWord(bad.code, bad.message, name) : bad
  }
}
