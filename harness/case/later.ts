// What the format knows and mmfunc does not do yet.

/** Keys of arguments, of `machine`, of `expect` and of a verdict. */
export const laterKeys: ReadonlySet<string> = new Set(['memlock', 'page'])

export const laterValues: ReadonlySet<string> = new Set(['thp+swapcache'])
