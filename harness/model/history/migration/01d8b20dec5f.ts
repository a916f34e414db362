// 01d8b20dec5f "mm: simplify anon_vma refcounts" (v2.6.39): the vmas together hold one reference, so that an anon_vma
// goes with its last reference. Before, it went when there were neither vmas nor references, which had to be looked at
// together, under the lock.

import { k } from '../../kernel.ts'
import { type AnonVma, anon_vma, type Vma } from '../../mm/mm_types.ts'
import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { anon_vma_cachep } from '../../mm/rmap_anon_vma.ts'
import { kmem_cache_alloc } from '../../mm/slab.ts'
import { atomic_set, WRITE_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'
import { anonvma_external_refcount } from './7f60c214fd3a.ts'
import {
  anon_vma_prepare as anon_vma_prepare_2_6_36,
  put_anon_vma,
  unlink_anon_vmas as unlink_anon_vmas_2_6_36,
} from './012f18004da3.ts'
import { prepareWith, unlinkWith } from './anon_vma_list.ts'

const anon_vma_alloc_2_6_34 = (): AnonVma => kmem_cache_alloc(anon_vma_cachep) as AnonVma

/** With the reference of the vmas to come. */
export function anon_vma_alloc(): AnonVma {
  const av = kmem_cache_alloc(anon_vma_cachep) as AnonVma
  atomic_set(av + anon_vma.refcount, 1)
  WRITE_ONCE(av + anon_vma.root, av)
  return av
}

export const anon_vma_prepare = (vma: Vma): number =>
  prepareWith(
    vma,
    () => k.anon_vma_alloc(),
    av => k.put_anon_vma(av),
  )

export const unlink_anon_vmas = (vma: Vma): void =>
  unlinkWith(
    vma,
    () => true,
    av => k.put_anon_vma(av),
  )

export default patch('01d8b20dec5f', {
  subject: 'mm: simplify anon_vma refcounts',
  release: 'v2.6.39',
  needs: ['012f18004da3'],
  changes: {
    anon_vma_alloc: { before: anon_vma_alloc_2_6_34, after: anon_vma_alloc },
    anon_vma_prepare: { before: anon_vma_prepare_2_6_36, after: anon_vma_prepare },
    unlink_anon_vmas: { before: unlink_anon_vmas_2_6_36, after: unlink_anon_vmas },
    put_anon_vma: { before: put_anon_vma, after: rmap_anon_vma.put_anon_vma },
    anonvma_external_refcount: { before: anonvma_external_refcount, after: undefined },
  },
})
