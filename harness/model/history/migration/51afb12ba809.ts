// 51afb12ba809 "mm: page migration fix PageMlocked on migrated pages" (v4.4).
//
// The flag goes with the last map (e6c509f85455, v3.7), so that migration, which unmaps first, finds nothing to hand on
// to the new page: it comes out not mlocked, although its vma is, and stays so until reclaim finds it.

import { mlockMovedPage as after } from '../../mm/migrate.ts'
import { patch } from '../patch.ts'

const notAgain = (): void => {}

export default patch('51afb12ba809', {
  subject: 'mm: page migration fix PageMlocked on migrated pages',
  release: 'v4.4',
  changes: { mlockMovedPage: { before: notAgain, after } },
})
