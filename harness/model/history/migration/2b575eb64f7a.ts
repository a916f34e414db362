// 2b575eb64f7a "mm: convert anon_vma->lock to a mutex" (v3.0): whoever walks an anon_vma may sleep.

import * as rmap_anon_vma from '../../mm/rmap_anon_vma.ts'
import { patch } from '../patch.ts'
import { lockRoot, unlockRoot } from './012f18004da3.ts'

export default patch('2b575eb64f7a', {
  subject: 'mm: convert anon_vma->lock to a mutex',
  release: 'v3.0',
  needs: ['746b18d421da'],
  changes: {
    anon_vma_lock_write: { before: lockRoot, after: rmap_anon_vma.anon_vma_lock_write },
    anon_vma_unlock_write: { before: unlockRoot, after: rmap_anon_vma.anon_vma_unlock_write },
    anon_vma_lock_read: { before: lockRoot, after: rmap_anon_vma.anon_vma_lock_write },
    anon_vma_unlock_read: { before: unlockRoot, after: rmap_anon_vma.anon_vma_unlock_write },
  },
})
