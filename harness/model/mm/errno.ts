// Error numbers (include/uapi/asm-generic/errno-base.h): kernel functions return them negated.

export const ENOENT = 2
export const EIO = 5
export const EAGAIN = 11
export const ENOMEM = 12
export const EACCES = 13
export const EFAULT = 14
export const EBUSY = 16
export const EEXIST = 17
export const EINVAL = 22
export const ENOSPC = 28
export const ENOSYS = 38
export const EOPNOTSUPP = 95

const names = new Map([
  [ENOENT, 'ENOENT'],
  [EIO, 'EIO'],
  [EAGAIN, 'EAGAIN'],
  [ENOMEM, 'ENOMEM'],
  [EACCES, 'EACCES'],
  [EFAULT, 'EFAULT'],
  [EBUSY, 'EBUSY'],
  [EEXIST, 'EEXIST'],
  [EINVAL, 'EINVAL'],
  [ENOSPC, 'ENOSPC'],
  [ENOSYS, 'ENOSYS'],
  [EOPNOTSUPP, 'EOPNOTSUPP'],
])

/** The name of a negated error number. */
export const errorName = (error: number): string => names.get(-error) ?? `errno ${-error}`

/** include/linux/err.h: an error in place of a pointer. */
export const ERR_PTR = <P extends number>(error: number): P => error as P
export const IS_ERR = (p: number): boolean => p < 0
