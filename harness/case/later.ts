// What the format knows and mmfunc does not do yet.

/** Verbs of topics that are still to come. */
export const laterVerbs: ReadonlySet<string> = new Set([
  'file',
  'pool',
  'pageout',
  'poison',
  'unpoison',
  'compact',
  'swapoff',
  'fallocate',
  'truncate',
])

/** Keys of arguments, of `machine`, of `expect` and of a verdict. */
export const laterKeys: ReadonlySet<string> = new Set([
  'swapped',
  'swapcache',
  'of',
  'offset',
  'nodes',
  'memlock',
  'signals',
  'page',
])

export const laterValues: ReadonlySet<string> = new Set(['base+swapcache', 'thp+swapcache'])
