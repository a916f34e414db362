// What the format knows and mmfunc does not do yet.

/** Verbs of topics that are still to come. */
export const laterVerbs: ReadonlySet<string> = new Set(['compact'])

/** Keys of arguments, of `machine`, of `expect` and of a verdict. */
export const laterKeys: ReadonlySet<string> = new Set(['nodes', 'memlock', 'page'])

export const laterValues: ReadonlySet<string> = new Set(['thp+swapcache'])
