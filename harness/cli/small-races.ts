// The races of the project's cases, each with the smallest huge page that it is written for: what is searched in
// single steps.

import type { Trial } from '../check/judge.ts'
import { casesOf } from './load.ts'
import { groupsFor } from './subjects.ts'

/** Trials of the model; the working directory is the project's root. */
export async function smallestRaces(): Promise<readonly Trial[]> {
  const groups = await groupsFor(await casesOf([]), { variant: [], kernel: [], patch: [] }, [])
  const trials = groups.flatMap(group => group.trials).filter(({ point }) => point.steps.some(s => s.verb === 'race'))
  const least = new Map<string, number>()
  for (const trial of trials) {
    const { hpage_nr } = trial.point.machine
    least.set(trial.case.file, Math.min(hpage_nr, least.get(trial.case.file) ?? hpage_nr))
  }
  return trials.filter(({ case: { file }, point }) => point.machine.hpage_nr === least.get(file))
}
