// A word is a scalar of a case file that means more than its text: an amount, a range, a name.
// Its reader throws BadWord; zod carries that to the place in the file where the word stands.

import { z } from 'zod'

/** What can be wrong with a word; each is a code of a Problem. */
export type WordCode =
  | 'BAD_VALUE'
  | 'BAD_AMOUNT'
  | 'BAD_RANGE'
  | 'BAD_BYTES'
  | 'OUT_OF_RANGE'
  | 'UNKNOWN_NAME'
  | 'UNKNOWN_COUNTER'
  | 'NAME_TAKEN'
  /** It follows from a problem that has been reported already. */
  | 'FOLLOWS'

/** Only this file and the loader catch it. `key`: the argument that is to blame, where it is not the whole. */
export class BadWord extends Error {
  readonly code: WordCode
  readonly key: string | undefined

  constructor(code: WordCode, message: string, key?: string) {
    super(message)
    this.code = code
    this.key = key
  }
}

/** A zod transform from a reader that may throw BadWord. */
export function reading<I, T>(read: (given: I) => T): (given: I, ctx: z.RefinementCtx) => T {
  return (given, ctx) => {
    try {
      return read(given)
    } catch (bad) {
      if (!(bad instanceof BadWord)) throw bad
      const path = bad.key === undefined ? [] : [bad.key]
      ctx.addIssue({ code: 'custom', message: bad.message, path, params: { code: bad.code } })
      return z.NEVER
    }
  }
}

/** The schema of a word. */
export function word<T>(about: string, read: (text: string) => T): z.ZodType<T, string> {
  return z.string().transform(reading(read)).describe(about)
}

/** A closed list of words. */
export function choice<const T extends readonly [string, ...string[]]>(
  words: T,
  about: string,
): z.ZodType<T[number], string> {
  return z.enum(words).describe(about) as unknown as z.ZodType<T[number], string>
}

/** A map of words with a value each, as a list of pairs; a key that cannot be read is blamed at the key. */
export function pairs<K, V>(
  key: z.ZodType<K, string>,
  value: z.ZodType<V>,
  about: string,
): z.ZodType<readonly (readonly [K, V])[]> {
  return z
    .record(z.string().describe(key.description ?? ''), value)
    .superRefine((given, ctx) => checkPairs(given, key, ctx), { when: () => true } as never)
    .transform(given => Object.entries(given).map(([text, v]) => [key.parse(text), v] as const))
    .describe(about)
}

/** Keys are read also where a value is bad already: each is to be blamed at once. */
function checkPairs(given: unknown, key: z.ZodType<unknown, string>, ctx: z.RefinementCtx): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return
  const texts = Object.keys(given)
  if (texts.length === 0) ctx.addIssue({ code: 'custom', message: 'nothing is named here' })
  for (const text of texts) {
    for (const { message, ...issue } of key.safeParse(text).error?.issues ?? []) {
      const params = 'params' in issue ? issue.params : {}
      ctx.addIssue({ code: 'custom', message, path: [text], params: { ...params, onKey: true } })
    }
  }
}

/** Text of a user in a message: short, and free of anything a terminal would obey. */
export function quoted(text: string): string {
  const short = text.length > 48 ? `${text.slice(0, 45)}...` : text
  return JSON.stringify(short).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')
}
