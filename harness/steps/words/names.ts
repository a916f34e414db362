// Names that a step gives, and names of processes.

import type { z } from 'zod'
import { context } from './scope.ts'
import { BadWord, choice, quoted, word } from './word.ts'

/**
 * What a name looks like: it must not be taken for an amount, and stands in messages and on the guest's command line.
 */
export const nameShape = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/

/** What may stand behind `$`. */
export const valueShape = /^[A-Za-z_]\w{0,39}$/

/** A name for the number of a round. */
export function roundName(about: string): z.ZodType<string, string> {
  return word(about, text => {
    if (!valueShape.test(text))
      throw new BadWord('BAD_VALUE', `${quoted(text)} is no name; write letters, digits and _`)
    return text
  })
}

/** A new name for memory. */
export function newName(about: string): z.ZodType<string, string> {
  return word(about, text => fresh(text, () => context().scope.free(text)))
}

/** A new name for a process. */
export function newProcess(about: string): z.ZodType<string, string> {
  return word(about, text => fresh(text, () => context().scope.freeProcess(text)))
}

/** A name for a thread of a race. */
export function threadName(about: string): z.ZodType<string, string> {
  return word(about, shaped)
}

/** A process that can still act. */
export function process(about: string): z.ZodType<string, string> {
  return word(about, text => context().scope.alive(text))
}

export function yesNo(about: string): z.ZodType<boolean> {
  return choice(['yes', 'no'], about).transform(text => text === 'yes')
}

/** Refuses a misshapen name, one that is taken, and one that the same step gives twice. */
function fresh(text: string, check: () => void): string {
  shaped(text)
  check()
  const { fresh } = context()
  if (fresh.has(text)) throw new BadWord('NAME_TAKEN', `"${text}" is named twice in this step`)
  fresh.add(text)
  return text
}

function shaped(text: string): string {
  if (nameShape.test(text)) return text
  throw new BadWord(
    'BAD_VALUE',
    `${quoted(text)} is no name; names are letters, digits, _ and -, and begin with a letter`,
  )
}
