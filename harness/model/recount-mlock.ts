// What truth.ts expects of the locked vmas that a page counts. Before v5.18 no page does, so there is nothing to
// compare; history/mlock/munlock-5.18 has what came then.

import type { Page } from './mm/mm_types.ts'

/** `most`: locked vmas that map the page, and those whose munlock of it still waits in a pagevec. */
export function recountMlock(
  _page: Page,
  _pfn: number,
  _most: number,
  _add: (anomaly: string, text: string) => void,
): void {}
