// a76054266661 "mm: shmem: don't truncate page if memory failure happens" (v5.16): until then who maps a page of tmpfs
// only after its memory has failed finds a hole in the file, and reads zeros. Since then the page stays in the file,
// marked, and whoever wants it gets a signal.

import { k } from '../../kernel.ts'
import {
  hasExtraRefcount as before,
  MF_DELAYED,
  MF_FAILED,
  MF_RECOVERED,
  me_pagecache_clean as me_pagecache_clean_4_5,
} from '../../mm/memory-failure_states.ts'
import { NULL, type Page } from '../../mm/mm_types.ts'
import { PageAnon, PageSwapCache, page_count } from '../../mm/page-flags.ts'
import { page_mapping } from '../../mm/util.ts'
import { patch } from '../patch.ts'

/** shmem_error_remove_page does nothing. */
function me_pagecache_clean(p: Page): number {
  k.delete_from_lru_cache(p)
  return PageAnon(p) || page_mapping(p) !== NULL ? MF_RECOVERED : MF_FAILED
}

/** The file has one, too. */
function hasExtraRefcount(p: Page, result: number): boolean {
  const cached = PageSwapCache(p) ? result === MF_DELAYED : page_mapping(p) !== NULL
  return page_count(p) - 1 > (cached ? 1 : 0)
}

export default patch('a76054266661', {
  subject: "mm: shmem: don't truncate page if memory failure happens",
  release: 'v5.16',
  needs: ['f9ce0be71d1f'],
  changes: {
    me_pagecache_clean: { before: me_pagecache_clean_4_5, after: me_pagecache_clean },
    hasExtraRefcount: { before, after: hasExtraRefcount },
  },
})
