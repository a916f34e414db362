// Migration takes its reference of the anon_vma and then unmaps the page. The other way round the page no longer says
// that the anon_vma is its own: the cases notice. (Every form of the function:
// history/migration/reference-first.test.ts.)

import t from 'tap'
import { __unmap_and_move as v2_6_38 } from '../model/history/migration/1ce82b69e96c.ts'
import { __unmap_and_move as v3_0 } from '../model/history/migration/746b18d421da.ts'
import { patch } from '../model/history/patch.ts'
import { k } from '../model/kernel.ts'
import { EAGAIN } from '../model/mm/errno.ts'
import { __unmap_and_move as v4_5 } from '../model/mm/migrate.ts'
import { type AnonVma, NULL, type Page } from '../model/mm/mm_types.ts'
import { lock_page, page_mapped, trylock_page, unlock_page } from '../model/mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../model/mm/rmap_unmap.ts'
import { page_anon_vma } from '../model/mm/rmap_walk.ts'
import { execute } from './execute.ts'
import { casesOf } from './load.ts'
import { root } from './project.ts'
import { groupsFor } from './subjects.ts'

/** As v2.6.38 and v3.0 have it, without asking whether the page is mapped, which it is no more. */
function unmapsFirst(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  lock_page(p)
  k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  const av: AnonVma = page_anon_vma(p)
  if (av !== NULL) k.get_anon_vma(av)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

/** As v4.5 has it: page_get_anon_vma finds nobody who maps the page, and so no reference is taken. */
function unmapsFirst4_5(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  lock_page(p)
  if (trylock_page(newpage)) {
    const page_was_mapped = page_mapped(p)
    if (page_was_mapped) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
    const av = k.page_get_anon_vma(p)
    if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
    if (page_was_mapped) k.remove_migration_ptes(p, rc === 0 ? newpage : p)
    if (av !== NULL) k.put_anon_vma(av)
    unlock_page(newpage)
  }
  unlock_page(p)
  return rc
}

for (const [release, before, after, found] of [
  ['v2.6.38', v2_6_38, unmapsFirst, 'double-free'],
  ['v3.0', v3_0, unmapsFirst, 'use-after-free'],
  ['v4.5', v4_5, unmapsFirst4_5, 'use-after-free'],
] as const) {
  t.test(`${release}: a reference that is taken after the unmapping comes too late`, async t => {
    process.chdir(root)
    const own = patch('own', { subject: '', release: undefined, changes: { __unmap_and_move: { before, after } } })
    const cases = await casesOf(['cases/migration/race-exit.yaml'], [own])
    const groups = await groupsFor(cases, { variant: [release], kernel: [], patch: [] }, [own])
    for await (const result of execute(groups, { detail: false, signal: new AbortController().signal }))
      t.match(result, { status: 'fail', found })
  })
}
