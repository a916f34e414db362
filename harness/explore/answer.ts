// What a function of the kernel answers, as a step gives it.

import type { Answer } from '../engine.ts'
import { errorName } from '../model/mm/errno.ts'

export const errno = (name: string): Answer => ({ kind: 'errno', errno: name })

/** The answer of a function of the kernel that returns 0 or a negative error; undefined is ok. */
export const answerOf = (error: number): Answer | undefined => (error === 0 ? undefined : errno(errorName(error)))
