// 4fc3f1d66b1e "mm/rmap, migration: Make rmap_walk_anon() and try_to_unmap_anon() more scalable" (v3.8), with
// 5a505085f043, which made the mutex of an anon_vma an rwsem: walks exclude only those who change the list.

import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { patch } from '../patch.ts'

export default patch('4fc3f1d66b1e', {
  subject: 'mm/rmap, migration: Make rmap_walk_anon() and try_to_unmap_anon() more scalable',
  release: 'v3.8',
  needs: ['2b575eb64f7a'],
  changes: {
    anon_vma_lock_read: { before: rmap_anon_vma.anon_vma_lock_write, after: rmap_anon_vma.anon_vma_lock_read },
    anon_vma_unlock_read: { before: rmap_anon_vma.anon_vma_unlock_write, after: rmap_anon_vma.anon_vma_unlock_read },
  },
})
