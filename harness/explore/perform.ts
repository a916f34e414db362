// One step of a case on the modelled kernel.

import type { Answer, Step } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { NR_CPUS } from '../model/mm/slab.ts'
import { checkLocksReleased, setCpu } from '../model/ops.ts'
import { steps as verbs } from '../steps/index.ts'
import { doWord } from './words.ts'
import type { World } from './world.ts'

/** The words of a step, in order; the first that is not ok is its answer, and the end of a process that it kills. */
export function perform(world: World, { verb, args, by, cpu, ends }: Step): Answer | undefined {
  if (ends !== undefined && !world.knows(ends)) return undefined
  if (cpu >= NR_CPUS) throw new CannotJudge(`the model has ${NR_CPUS} CPUs`)
  setCpu(cpu)
  for (const word of verbs[verb]!.words(args)) {
    world.by = by
    const answer = doWord(world, word)
    checkLocksReleased()
    if (answer?.kind === 'killed') world.exit(by)
    if (answer !== undefined) return answer
  }
  return undefined
}
