// 7a3ef208e662 "mm: prevent endless growth of anon_vma hierarchy" (v3.19): a child takes over an anon_vma that has no
// vma of its own any more, and degree counts who points to one. Before, every fork added an anon_vma, for good.

import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { patch } from '../patch.ts'
import { anon_vma_alloc, anon_vma_prepare } from './01d8b20dec5f.ts'
import { anon_vma_fork } from './012f18004da3.ts'
import { anon_vma_clone, unlink_anon_vmas } from './eee2acbae1f2.ts'

export default patch('7a3ef208e662', {
  subject: 'mm: prevent endless growth of anon_vma hierarchy',
  release: 'v3.19',
  changes: {
    anon_vma_alloc: { before: anon_vma_alloc, after: rmap_anon_vma.anon_vma_alloc },
    anon_vma_prepare: { before: anon_vma_prepare, after: rmap_anon_vma.anon_vma_prepare },
    anon_vma_clone: { before: anon_vma_clone, after: rmap_anon_vma.anon_vma_clone },
    anon_vma_fork: { before: anon_vma_fork, after: rmap_anon_vma.anon_vma_fork },
    unlink_anon_vmas: { before: unlink_anon_vmas, after: rmap_anon_vma.unlink_anon_vmas },
  },
})
