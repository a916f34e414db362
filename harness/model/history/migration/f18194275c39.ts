// f18194275c39 "mm: fix hang on anon_vma->root->lock" (v2.6.36): the lock of an anon_vma lies in its root. Between
// reading the root and having its lock the page may lose its last map, and the anon_vma become another's, with another
// root: page_unlock_anon_vma would then let go of a lock that is not held, and the one that is stay closed for ever.

import { k } from '../../kernel.ts'
import { type AnonVma, anon_vma, NULL, type Page } from '../../mm/mm_types.ts'
import { page_mapped } from '../../mm/page-flags.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { READ_ONCE, spin_lock, spin_unlock } from '../../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { patch } from '../patch.ts'

/** The anon_vma of a page that is mapped, locked, in an RCU section; or NULL, in none. */
function page_lock_anon_vma_2_6_34(p: Page): AnonVma {
  rcu_read_lock()
  const av = page_anon_vma(p)
  if (av === NULL || !page_mapped(p)) {
    rcu_read_unlock()
    return NULL
  }
  k.anon_vma_lock_read(av)
  return av
}

export function page_lock_anon_vma(p: Page): AnonVma {
  rcu_read_lock()
  const av = page_anon_vma(p)
  if (av === NULL || !page_mapped(p)) {
    rcu_read_unlock()
    return NULL
  }
  const root = READ_ONCE(av + anon_vma.root)
  spin_lock(root + anon_vma.rwsem)
  if (page_mapped(p)) return av
  spin_unlock(root + anon_vma.rwsem)
  rcu_read_unlock()
  return NULL
}

export default patch('f18194275c39', {
  subject: 'mm: fix hang on anon_vma->root->lock',
  release: 'v2.6.36',
  needs: ['012f18004da3'],
  changes: { page_lock_anon_vma_read: { before: page_lock_anon_vma_2_6_34, after: page_lock_anon_vma } },
})
