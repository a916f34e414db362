// 3f4b815a439a "mm,hwpoison: return -EBUSY when migration fails" (v5.11, and 5.10's stable tree). Before, the answer is
// -EIO, as for a page that nobody knows what to do with.

import { k } from '../../kernel.ts'
import { EBUSY, ENOMEM } from '../../mm/errno.ts'
import * as v4_5 from '../../mm/memory-failure_soft.ts'
import { MR_MEMORY_FAILURE } from '../../mm/migrate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { page_to_nid } from '../../mm/mmzone.ts'
import {
  compound_head,
  lock_page,
  PageHWPoison,
  SetPageHWPoison,
  unlock_page,
  wait_on_page_writeback,
} from '../../mm/page-flags.ts'
import { invalidate_inode_page } from '../../mm/shmem_truncate.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

function soft_offline_huge_page(p: Page): number {
  const hpage = compound_head(p)
  if (v4_5.lostAlready(hpage)) return -EBUSY
  const isolated = k.isolate_huge_page(hpage)
  k.put_hwpoison_page(hpage)
  if (!isolated) return -EBUSY
  const rc = k.migrateHugePage(hpage, page_to_nid(hpage))
  if (rc === 0) return k.markMovedHugePage(p, hpage)
  k.putbackUnmoved(hpage, rc)
  return rc === -ENOMEM ? rc : -EBUSY
}

function __soft_offline_page(p: Page): number {
  lock_page(p)
  wait_on_page_writeback(p)
  const poisoned = PageHWPoison(p)
  const invalidated = !poisoned && invalidate_inode_page(p)
  unlock_page(p)
  if (poisoned || invalidated) k.put_hwpoison_page(p)
  if (poisoned) return -EBUSY
  if (invalidated) {
    SetPageHWPoison(p)
    num_poisoned_pages_add(1)
    return 0
  }
  const ret = k.isolate_lru_page(p)
  k.put_hwpoison_page(p)
  if (ret !== 0) return ret
  mod_zone_page_state(NR_ISOLATED_ANON, 1)
  const rc = k.migrate_pages(p, MR_MEMORY_FAILURE)
  return rc === 0 || rc === -ENOMEM ? rc : -EBUSY
}

export default patch('3f4b815a439a', {
  subject: 'mm,hwpoison: return -EBUSY when migration fails',
  release: 'v5.11',
  changes: {
    soft_offline_huge_page: { before: v4_5.soft_offline_huge_page, after: soft_offline_huge_page },
    __soft_offline_page: { before: v4_5.__soft_offline_page, after: __soft_offline_page },
  },
})
