// 7f60c214fd3a "mm: migration: share the anon_vma ref counts between KSM and page migration" (v2.6.35): whoever drops
// the last reference of the two frees the anon_vma. Before, migration freed what KSM still held.

import { k } from '../../kernel.ts'
import { type AnonVma, anon_vma } from '../../mm/mm_types.ts'
import { anon_vma_cachep, get_anon_vma } from '../../mm/rmap.ts'
import { kmem_cache_free } from '../../mm/slab.ts'
import { atomic_read } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { getForMigration, ksmAndMigrateRefcount, putForMigration } from './3f6c82728f4e.ts'
import { atomic_dec_and_lock } from './atomic_dec_and_lock.ts'

export const anonvma_external_refcount = (av: AnonVma): number => atomic_read(av + anon_vma.refcount)

/** What unmap_and_move does where it stands, and drop_anon_vma since v2.6.36. */
export function put_anon_vma(av: AnonVma): void {
  if (!atomic_dec_and_lock(av + anon_vma.refcount, av + anon_vma.rwsem)) return
  const empty = rd(av + anon_vma.rb_root) === 0
  k.anon_vma_unlock_write(av)
  if (empty) kmem_cache_free(anon_vma_cachep, av)
}

export default patch('7f60c214fd3a', {
  subject: 'mm: migration: share the anon_vma ref counts between KSM and page migration',
  release: 'v2.6.35',
  needs: ['3f6c82728f4e'],
  changes: {
    anonvma_external_refcount: { before: ksmAndMigrateRefcount, after: anonvma_external_refcount },
    get_anon_vma: { before: getForMigration, after: get_anon_vma },
    put_anon_vma: { before: putForMigration, after: put_anon_vma },
  },
})
