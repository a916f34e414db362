// 7f60c214fd3a "mm: migration: share the anon_vma ref counts between KSM and page migration" (v2.6.35): whoever drops
// the last reference of the two frees the anon_vma. Before, migration freed what KSM still held.

import { type AnonVma, anon_vma } from '../../mm/mm_types.ts'
import { atomic_read } from '../../ops.ts'
import { patch } from '../patch.ts'
import { ksmAndMigrateRefcount } from './3f6c82728f4e.ts'

export const anonvma_external_refcount = (av: AnonVma): number => atomic_read(av + anon_vma.refcount)

export default patch('7f60c214fd3a', {
  subject: 'mm: migration: share the anon_vma ref counts between KSM and page migration',
  release: 'v2.6.35',
  needs: ['3f6c82728f4e'],
  changes: {
    anonvma_external_refcount: { before: ksmAndMigrateRefcount, after: anonvma_external_refcount },
  },
})
