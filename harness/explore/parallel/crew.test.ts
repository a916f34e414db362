// One search and several threads that search together: the same ends; of races of two the same number of interleavings.

import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { casesOf } from '../../cli/load.ts'
import { groupsFor } from '../../cli/subjects.ts'
import type { Exploration } from '../../engine.ts'
import { S } from '../../model/store.ts'
import { type Crew, exhaustive } from '../search/exhaustive.ts'
import { bodiesOf, type Program, program } from '../search/fuzz.fixture.ts'
import { Machine } from '../search/machine.ts'
import { lots } from '../search/replay.ts'
import type { Extent } from '../search/strategy.ts'
import { Helpers } from './crew.ts'
import type { ProgramToSearch } from './fuzz.worker.ts'
import { Control, type Line, offered } from './line.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const race = 'cases/mlock/race-split.yaml'
const worker = new URL('./fuzz.worker.js', import.meta.url)

interface Found extends Extent {
  readonly finals: string
}

/** Helpers for one program, and what waits until they have begun a pass. */
interface Hired {
  readonly crew: Helpers
  readonly lines: readonly Line[]
}

/**
 * All ends of a program, whose plain accesses are ops, too: where they race, what they are a part of would depend on the
 * way. Helpers are waited for, as none of these searches is long.
 */
async function search(p: Program, hired?: Hired): Promise<Found> {
  const machine = new Machine(bodiesOf(p, true), { marks: true, pauses: false })
  const finals = new Set<string>()
  const atEnd = (m: Machine): void => {
    const told = [...m.at].map(n => m.trie.results.get(n) ?? 'stuck')
    finals.add([...S.slice(64, 64 + p.cells), ...told, m.bug?.anomaly].join())
  }
  let pass = 0
  const patient: Crew | undefined = hired && {
    begin(m) {
      const states = hired.crew.begin(m)
      pass++
      for (const { control, worker } of hired.lines)
        for (let i = 0; i < 100; i++) Atomics.wait(control, Control.HELPER + worker, offered(pass), 1)
      return states
    },
    end: (m, atEnd) => hired.crew.end(m, atEnd),
    met: m => hired.crew.met(m),
  }
  const work = exhaustive({ reduce: true, coalesce: true }, patient).explore(machine, atEnd, {})
  for (;;) {
    const { done, value } = work.next()
    if (done) return { ...value, finals: [...finals].sort().join(' ') }
    await turn()
  }
}

/** Helpers for one program on threads that go on to the next. */
function helpersOn(threads: readonly Worker[], program: Program, dies = false): Hired {
  const lines: Line[] = []
  const crew = new Helpers(threads.length + 1, 64, line => {
    lines.push(line)
    const thread = threads[line.worker - 1]!
    const work: ProgramToSearch = { program, line, dies }
    thread.postMessage(work, [line.port])
    return { once: (event: string, told: () => void) => thread.once(event, told), terminate: async () => 0 } as Worker
  })
  return { crew, lines }
}

for (const jobs of [2, 3]) {
  t.test(`${jobs} threads find in random programs what one finds`, async t => {
    const threads = Array.from({ length: jobs - 1 }, () => new Worker(worker).setMaxListeners(0))
    const draw = lots(jobs)
    const count = { states: 0, spared: 0, off: 0 }
    for (let i = 0; i < 200; i++) {
      const p = program(draw)
      const alone = await search(p)
      const hired = helpersOn(threads, p)
      const together = await search(p, hired)
      hired.crew.close()
      const { transitions, states, interleavings, ...same } = together
      if (!t.match(alone, same, JSON.stringify(p))) break
      // Of three, who sleeps hangs on the way there too, and so in how many ways it goes on.
      if (p.threads.length === 2) t.equal(interleavings, alone.interleavings)
      // What is followed alone, and how far, hangs on the way there: a state more or less.
      count.off += Math.abs(states - alone.states)
      count.states += alone.states
      count.spared += alone.transitions - transitions
    }
    t.comment(JSON.stringify(count))
    t.ok(count.states > 4000)
    t.ok(count.spared > 0, 'helpers came through a part of it')
    t.ok(100 * count.off < count.states)
    await Promise.all(threads.map(thread => thread.terminate()))
  })
}

t.test('a helper that dies in the midst is done without', async t => {
  const draw = lots(5)
  for (let i = 0; i < 5; i++) {
    const p = program(draw)
    const thread = new Worker(worker)
    const together = await search(p, helpersOn([thread], p, true))
    t.match(together, { ...(await search(p)), transitions: Number, states: Number, interleavings: Number })
    await thread.terminate()
  }
})

async function explored(file: string, variant: string, threads: number): Promise<Exploration> {
  process.chdir(root)
  const groups = await groupsFor(await casesOf([file]), { variant: [variant], kernel: [], patch: [] }, [])
  const { engine, trials } = groups[0]!
  const jobs = { threads, patches: [] }
  for await (const { exploration } of engine.run([trials[0]!.point], { detail: false, exploring: { jobs } }))
    return exploration!
  throw new Error('nothing was observed')
}

t.test('a race of a case ends in the same ways, in as many interleavings', async t => {
  const ends = ({ endings }: Exploration): string[] =>
    endings.map(({ schedule: _, ...seen }) => JSON.stringify(seen)).sort()
  for (const variant of ['v3.8', 'v3.14']) {
    const [alone, together] = [await explored(race, variant, 1), await explored(race, variant, 2)]
    t.same(ends(together), ends(alone))
    t.equal(together.interleavings, alone.interleavings)
    t.ok(together.complete)
  }
})
