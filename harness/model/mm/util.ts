// mm/util.c, v4.5.

import { READ_ONCE } from '../ops.ts'
import { type AddressSpace, PAGE_MAPPING_ANON, type Page, page } from './mm_types.ts'
import { compound_head, PageSwapCache } from './page-flags.ts'
import { swapper_space } from './swap_state.ts'

/** The address_space that a page stands in: the swap cache, also for an anonymous page, or a file; NULL (0): none. */
export function page_mapping(p: Page): AddressSpace {
  const head = compound_head(p)
  if (PageSwapCache(head)) return swapper_space
  const mapping = READ_ONCE(head + page.mapping)
  return (mapping & PAGE_MAPPING_ANON ? 0 : mapping) as AddressSpace
}
