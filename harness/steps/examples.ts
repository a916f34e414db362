// The example of a verb in plain words: what an engine must know to do it.

import { parse } from 'yaml'
import { steps } from './index.ts'
import type { StepDef, Word } from './step.ts'
import { type Named, type NamedKind, PAGE, Scope, within } from './words/scope.ts'

const HUGE = 512 * PAGE

/** Where every name is there, and none is taken. */
class Anything extends Scope {
  override find(name: string, kind: NamedKind): Named {
    const page = kind === 'file' || kind === 'segment' ? HUGE : PAGE
    return { kind, name, size: 4 * HUGE, base: 0, huge: HUGE, page, maker: 'main', pinned: 'write', isolated: true }
  }

  override alive(name: string): string {
    return name
  }
}

/** The words of the verb's example; none of what only the loader does or only the judge looks at. */
export function wordsOfExample({ verb, example, args, words }: StepDef): readonly Word[] {
  const said = (parse(example, { schema: 'failsafe' }) as Record<string, unknown>)[verb]
  const context = { scope: new Anything(), huge: HUGE, thp: HUGE, nodes: 2, by: 'main', fresh: new Set<string>() }
  return within(context, () => words(args.parse(said)))
}

/** The verbs whose example is made of words that are known. */
export function verbsOf(knows: (word: string) => boolean): ReadonlySet<string> {
  const defs = Object.values(steps).filter(def => wordsOfExample(def).every(([word]) => knows(String(word))))
  return new Set(defs.map(({ verb }) => verb))
}
