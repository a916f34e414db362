// On every race of the cases, as far as time allows: the race detector, for whatever two CPUs may touch at once is an
// op, or a lock orders it; and the search without marks (ops.ts, `again`), for what a loop forgets must not matter.

import t from 'tap'
import type { Trial } from '../check/judge.ts'
import type { Result } from '../check/result.ts'
import type { Ending } from '../engine.ts'
import { observe, racesOf } from '../explore/model-engine.ts'
import { raceText } from '../explore/search/races.ts'
import { patch } from '../model/history/patch.ts'
import { k } from '../model/kernel.ts'
import { maybe_mkwrite, vm_page_prot } from '../model/mm/memory.ts'
import { remove_migration_pte } from '../model/mm/migrate.ts'
import { type Mm, type Page, type Vma, vm_area } from '../model/mm/mm_types.ts'
import { get_page } from '../model/mm/page-flags.ts'
import { mk_pte, pte_offset, read_pmd, set_pte } from '../model/mm/pgtable.ts'
import { mm_find_pmd } from '../model/mm/rmap_walk.ts'
import { rd } from '../model/store.ts'
import { execute } from './execute.ts'
import { casesOf } from './load.ts'
import { root } from './project.ts'
import { smallestRaces } from './small-races.ts'
import { groupsFor } from './subjects.ts'
import { variantOf } from './variants.ts'

/** MiB of states, 65,000 of them: what needs more is looked at in part. Seconds for all races: after these, no more. */
const MEMORY = 2
const TIME = 60

t.setTimeout(4 * TIME * 1000)

/**
 * Where memory is freed twice, or a lock is given back that is another's, the kernel's own lists have no order any
 * more.
 */
const corrupts = ({ case: of, values, subject }: Trial): boolean =>
  of.wanted(values, subject).anomalies.some(name => name === 'double-free' || name === 'lock-imbalance')

/** Where freed memory is used the poison that shows it has no order either. */
const usesFreed = ({ case: of, values, subject }: Trial): boolean =>
  of.wanted(values, subject).anomalies.includes('use-after-free')
const ofPoison = (race: string): boolean => race.includes('plain write in kmem_cache_free')

t.test('no race of a case touches anything without order', async t => {
  process.chdir(root)
  const trials = await smallestRaces()
  const end = performance.now() + TIME * 1000
  let whole = 0
  for (const trial of trials) {
    const { point, subject } = trial
    const name = `${point.name} ${subject.name}`
    if (corrupts(trial)) continue
    if (performance.now() > end) {
      t.comment(`${name}: not looked at`)
      continue
    }
    const found = racesOf(point, variantOf(subject.name, []), { memory: MEMORY })
    const races = found?.races.map(raceText) ?? []
    t.same(
      races.filter(race => !(usesFreed(trial) && ofPoison(race))),
      [],
      name,
    )
    if (found?.bound === undefined) whole++
    else t.comment(`${name}: looked at in part, ${found.states} states`)
  }
  t.ok(whole >= 25, 'races that were looked at as a whole')
})

/** Seconds for one race without marks. */
const UNMARKED = 1

const endsOf = (endings: readonly Ending[]): string[] =>
  endings.map(({ schedule: _, through: __, ...end }) => JSON.stringify(end)).sort()

t.test('races end alike with marks and without', async t => {
  const trials = await smallestRaces()
  const end = performance.now() + TIME * 1000
  let compared = 0
  for (const { point, subject } of trials) {
    const variant = variantOf(subject.name, [])
    const time = Math.min(UNMARKED, (end - performance.now()) / 1000)
    const unmarked = time > 0 ? observe(point, variant, false, { marks: false, time }).exploration : undefined
    if (unmarked?.complete !== true) continue
    const name = `${point.name} ${subject.name}`
    t.same(endsOf(unmarked.endings), endsOf(observe(point, variant, false).exploration!.endings), name)
    compared++
  }
  t.ok(compared >= 20, `${compared} races were compared`)
})

/** remove_migration_pte without the lock of the page table. */
function unlocked(p: Page, vma: Vma, addr: number): void {
  const pmd = mm_find_pmd(rd(vma + vm_area.vm_mm) as Mm, addr)
  get_page(p)
  set_pte(pte_offset(read_pmd(pmd), addr), maybe_mkwrite(mk_pte(p, vm_page_prot(vma)), vma))
  k.page_add_anon_rmap(p, vma, addr, false)
}

t.test("what a patch of one's own leaves without order is its anomaly, with both sites and a schedule", async t => {
  process.chdir(root)
  const own = patch('own', {
    subject: 'no lock',
    release: undefined,
    changes: { remove_migration_pte: { before: remove_migration_pte, after: unlocked } },
  })
  const cases = await casesOf(['cases/migration/race-mprotect.yaml'], [own])
  const groups = await groupsFor(cases, { variant: ['v4.5'], kernel: [], patch: [] }, [own])
  const results: Result[] = []
  for await (const result of execute(groups, { detail: false, signal: new AbortController().signal }))
    results.push(result)
  t.match(results, [{ status: 'fail', explored: { complete: true } }])
  const shown = results[0]!.explored!.shown.find(({ name }) => name === 'data-race')
  const text = 'pte: WRITE_ONCE in unlocked against plain read in change_pte_range, and no lock orders them'
  t.match(shown, { anomalies: [{ name: 'data-race', text }], schedule: /^[a-z0-9 ·]+$/ })
})
