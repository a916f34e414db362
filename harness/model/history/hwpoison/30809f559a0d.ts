// 30809f559a0d "mm/migrate: fix refcount handling when !hugepage_migration_supported()" (v4.12). Before, a huge page of
// a size that does not move is put once too often by whoever wanted to take it out of use, and is free while it is
// mapped.

import { k } from '../../kernel.ts'
import { EAGAIN, ENOMEM } from '../../mm/errno.ts'
import { putbackUnmoved as before } from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

/** If it is still on the list of those that were to move. */
export function putbackUnmoved(hpage: Page, rc: number): void {
  if (rc === -EAGAIN || rc === -ENOMEM) k.putback_active_hugepage(hpage)
}

export default patch('30809f559a0d', {
  subject: 'mm/migrate: fix refcount handling when !hugepage_migration_supported()',
  release: 'v4.12',
  changes: { putbackUnmoved: { before, after: putbackUnmoved } },
})
