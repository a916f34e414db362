// Helpers for the search of one race of one point: worker threads that build the same machine for themselves.

import { Worker } from 'node:worker_threads'
import type { Exploring, TestPoint } from '../../engine.ts'
import { Helpers, USUAL_MEMORY } from './crew.ts'
import type { Line } from './line.ts'

/** What a helper begins with. */
export interface RaceToSearch {
  readonly kind: 'race'
  readonly patches: readonly string[]
  readonly variant: string
  readonly point: TestPoint
  readonly exploring: Exploring
  readonly line: Line
}

const program = new URL('./worker.js', import.meta.url)

/**
 * Undefined where one thread searches alone: nobody asked for more, or what is searched would depend on who comes first
 * (so many interleavings), or nothing is matched that could be shared.
 */
export function helpersFor(point: TestPoint, variant: string, how: Exploring): Helpers | undefined {
  const { jobs, marks, preemptions } = how
  if (jobs === undefined || how.interleavings !== undefined || how.random !== undefined || how.reduce === false)
    return undefined
  return new Helpers(jobs.threads, how.memory ?? USUAL_MEMORY, line => {
    const work: RaceToSearch = {
      kind: 'race',
      patches: jobs.patches,
      variant,
      point,
      exploring: { marks, preemptions },
      line,
    }
    return new Worker(program, { workerData: work, transferList: [line.port] })
  })
}
