// A helper for random programs, one after another.

import { parentPort } from 'node:worker_threads'
import { bodiesOf, type Program } from '../search/fuzz.fixture.ts'
import { Machine } from '../search/machine.ts'
import { help } from './helper.ts'
import type { Line } from './line.ts'

export interface ProgramToSearch {
  readonly program: Program
  readonly line: Line
  /** It dies instead, in the midst of its first pass. */
  readonly dies: boolean
}

parentPort!.on('message', ({ program, line, dies }: ProgramToSearch) => {
  const bodies = bodiesOf(program, true)
  let calls = 0
  const mortal = bodies.map(body => ({
    ...body,
    run(boundary: (index: number, live: string) => void) {
      if (dies && ++calls > 1) process.exit(1)
      return body.run(boundary)
    },
  }))
  help(new Machine(mortal, { marks: true, pauses: false }), { reduce: true, coalesce: true }, line)
  line.port.close()
})
