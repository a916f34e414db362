// Migration takes a reference of the anon_vma and then unmaps. The other way round, which every version of it could
// have had, the cases notice. (Every form of the function: history/migration/reference-first.test.ts.)

import t from 'tap'
import type { Result } from '../check/result.ts'
import { apply } from '../model/history/compose.ts'
import { type Patch, patch } from '../model/history/patch.ts'
import { k } from '../model/kernel.ts'
import { EAGAIN } from '../model/mm/errno.ts'
import { type AnonVma, NULL, type Page } from '../model/mm/mm_types.ts'
import { lock_page, page_mapped, trylock_page, unlock_page, wait_on_page_writeback } from '../model/mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../model/mm/rmap_unmap.ts'
import { execute } from './execute.ts'
import { casesOf } from './load.ts'
import { root } from './project.ts'
import { groupsFor } from './subjects.ts'
import { variantOf } from './variants.ts'

/** The first half of both: nobody maps the page any more, so that nobody gives the reference either. */
function unmapThenGet(p: Page): AnonVma {
  lock_page(p)
  wait_on_page_writeback(p)
  if (page_mapped(p)) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  return k.page_get_anon_vma(p)
}

/** Until v4.4 move_to_new_page locks the new page, and maps it back. */
function late_3_0(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  const av = unmapThenGet(p)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p, true)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

function late_4_5(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  const av = unmapThenGet(p)
  if (trylock_page(newpage)) {
    if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
    k.remove_migration_ptes(p, rc === 0 ? newpage : p)
    unlock_page(newpage)
  }
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

const versions: readonly (readonly [variant: string, late: (p: Page, newpage: Page) => number])[] = [
  ['v2.6.38', late_3_0],
  ['v3.0', late_3_0],
  ['v4.5', late_4_5],
]

/** What the cases say of a variant with a patch on top. */
async function resultsOf(variant: string, own: Patch): Promise<readonly Result[]> {
  const cases = await casesOf(['cases/migration/race-exit.yaml'], [own])
  const groups = await groupsFor(cases, { variant: [variant], kernel: [], patch: [] }, [own])
  const results: Result[] = []
  for await (const result of execute(groups, { detail: false, signal: new AbortController().signal }))
    results.push(result)
  return results
}

t.test('a reference that is taken after the page was unmapped is noticed, in every version that takes one', async t => {
  process.chdir(root)
  for (const [variant, late] of versions) {
    const { functions } = variantOf(variant, [])
    const before = functions.__unmap_and_move as typeof late
    const own = patch('late', {
      subject: 'late',
      release: undefined,
      changes: { __unmap_and_move: { before, after: late } },
    })
    t.type(apply(functions, own), 'object', variant)
    const [result] = await resultsOf(variant, own)
    t.match(result, { status: 'fail', explored: { complete: true } }, variant)
    const names = result!.explored!.shown.map(({ name }) => name)
    t.same(names.sort(), ['data-race', 'use-after-free'], variant)
  }
})
