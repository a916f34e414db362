// Migration takes its reference of the anon_vma, and then unmaps the page: with every form that it has had, the last
// process may exit right behind the unmapping. With the reference taken only then the anon_vma is gone. (In the forms
// to v2.6.36 the process may also exit between the look whether the page is mapped and the reference; so that a race,
// which finds that too, cannot tell the order.)

import t from 'tap'
import { KernelBug } from '../../bug.ts'
import { type Kernel, k } from '../../kernel.ts'
import type { AnonVma, Mm, Page } from '../../mm/mm_types.ts'
import { alloc_page } from '../../mm/page_alloc.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { A, look, written } from '../../mm/swap_testing.ts'
import { enterSection, forgetLocks, might_sleep, setThread } from '../../ops.ts'
import { topicOf } from '../topics.ts'

/** Does it as another thread would that comes in here, and goes on as before. */
function asAnother(what: () => void): void {
  const reader = isReader()
  setThread(1)
  what()
  setThread(0)
  if (reader) enterSection()
}

function isReader(): boolean {
  try {
    might_sleep()
    return false
  } catch {
    return true
  }
}

/** `late`: with the reference taken behind the unmapping. What came of it. */
function exitBehindUnmapping(variant: string, late: boolean): string {
  const mm: Mm = written(1, {}, variant)
  const p: Page = look(mm, A)
  k.lru_add_drain_all()
  k.isolateForMigration(p)
  const newpage = alloc_page()
  const kernel = { ...k }
  let wanted: AnonVma | undefined
  const instead: { -readonly [F in keyof Kernel]?: Kernel[F] } = {
    try_to_unmap: (page, flags) => {
      Object.assign(k, kernel)
      const ret = k.try_to_unmap(page, flags)
      asAnother(() => k.mmput(mm))
      if (wanted !== undefined) k.get_anon_vma(wanted)
      return ret
    },
  }
  // Only until the page is unmapped: what comes then has references of its own.
  if (late) {
    instead.get_anon_vma = av => {
      wanted = av
    }
    instead.page_get_anon_vma = page => {
      wanted = page_anon_vma(page)
      return wanted
    }
  }
  Object.assign(k, instead)
  try {
    k.__unmap_and_move(p, newpage)
    return 'clean'
  } catch (error) {
    if (error instanceof KernelBug) return error.anomaly
    throw error
  } finally {
    forgetLocks()
  }
}

for (const variant of [...topicOf('migrate-swapcache')!, 'v4.4', 'v5.18']) {
  t.test(`${variant}: the reference keeps the anon_vma, and later it is too late`, async t => {
    t.equal(exitBehindUnmapping(variant, false), 'clean')
    // v2.6.34 takes none: RCU keeps the memory.
    t.match(exitBehindUnmapping(variant, true), variant === 'v2.6.34' ? 'clean' : /^(use-after|double)-free$/)
  })
}
