// Random programs, explored in four ways. Without a race that the detector reports, the final states are those of a
// search in which every access is a step of its own; and whether steps are coalesced, marks kept or states matched
// makes no difference.

import t from 'tap'
import { S } from '../../model/store.ts'
import { exhaustive } from './exhaustive.ts'
import { bodiesOf, type Program, program } from './fuzz.fixture.ts'
import { Machine } from './machine.ts'
import { findRaces } from './races.ts'
import { lots } from './replay.ts'
import { drain } from './strategy.ts'

interface Finals {
  readonly finals: string
  readonly states: number
}

function finalsOf(p: Program, fine: boolean, how: { readonly reduce: boolean; readonly coalesce: boolean }): Finals {
  const machine = new Machine(bodiesOf(p, fine), { marks: true, pauses: false })
  const finals = new Set<string>()
  const { states } = drain(
    exhaustive(how).explore(
      machine,
      m => {
        const told = [...m.at].map(n => m.trie.results.get(n) ?? 'stuck')
        finals.add([...S.slice(64, 64 + p.cells), ...told, m.bug?.anomaly].join())
      },
      {},
    ),
  )
  return { finals: [...finals].sort().join(' '), states }
}

t.test('coarse, coalesced and fine searches of random programs agree where no race is reported', async t => {
  const draw = lots(20130208)
  const count = { clean: 0, racy: 0, unsound: 0, coalesced: 0, seen: 0 }
  for (let i = 0; i < 1500; i++) {
    const p = program(draw)
    const fine = finalsOf(p, true, { reduce: true, coalesce: false })
    const coarse = finalsOf(p, false, { reduce: true, coalesce: false })
    const coalesced = finalsOf(p, false, { reduce: true, coalesce: true })
    const fineCoalesced = finalsOf(p, true, { reduce: true, coalesce: true })
    if (fineCoalesced.finals !== fine.finals) count.coalesced++
    const { races } = drain(findRaces(bodiesOf(p, false), {}))
    if (races.length > 0) {
      count.racy++
      if (fine.finals !== coarse.finals) count.seen++
      continue
    }
    count.clean++
    if (fine.finals !== coarse.finals) count.unsound++
    if (coarse.finals !== coalesced.finals) count.coalesced++
  }
  t.equal(count.unsound, 0, 'no race reported, other final states')
  t.equal(count.coalesced, 0, 'coalescing changes the final states')
  t.ok(count.clean > 300, 'programs without a race')
  t.ok(count.seen > 100, 'races that change a final state, and are reported')
})

t.test('states matched or not, the same final states', async t => {
  const draw = lots(4)
  for (let i = 0; i < 150; i++) {
    const p = program(draw)
    if (p.threads.length > 2 || p.threads.flat().some(({ kind }) => kind === 'ask')) continue
    const naive = finalsOf(p, true, { reduce: false, coalesce: false })
    const matched = finalsOf(p, true, { reduce: true, coalesce: true })
    t.equal(matched.finals, naive.finals)
  }
})

t.test('coalesced or not, longer programs of two threads have the same final states', async t => {
  const draw = lots(20100401)
  let [states, coalesced] = [0, 0]
  for (let i = 0; i < 100; i++) {
    const p = program(draw, true)
    const all = finalsOf(p, true, { reduce: true, coalesce: false })
    const some = finalsOf(p, true, { reduce: true, coalesce: true })
    if (some.finals !== all.finals) t.fail(JSON.stringify(p))
    states += all.states
    coalesced += some.states
  }
  t.ok(3 * coalesced < states, `${coalesced} of ${states} states`)
})
