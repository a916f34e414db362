// What a step may answer: `ok`, an errno, a signal or its si_code, with its place, or `killed`.

import type { z } from 'zod'
import type { Accepted } from '../../engine.ts'
import { didYouMean } from './nearest.ts'
import { readRange } from './range.ts'
import { BadWord, quoted, word } from './word.ts'

const errnos = [
  'EPERM', 'ENOENT', 'ESRCH', 'EINTR', 'EIO', 'ENXIO', 'E2BIG', 'EBADF', 'EAGAIN', 'ENOMEM', 'EACCES', 'EFAULT', 'EBUSY',
  'EEXIST', 'ENODEV', 'EINVAL', 'ENOSPC', 'EOVERFLOW', 'EOPNOTSUPP', 'EHWPOISON',
] // biome-ignore format: a table

/** The si_codes of the signals that the mm sends. */
const codes: Readonly<Record<string, string>> = {
  SEGV_MAPERR: 'SIGSEGV',
  SEGV_ACCERR: 'SIGSEGV',
  BUS_ADRERR: 'SIGBUS',
  BUS_MCEERR_AR: 'SIGBUS',
  BUS_MCEERR_AO: 'SIGBUS',
}
const signals = ['SIGSEGV', 'SIGBUS']
const words = ['ok', 'killed', ...signals, ...Object.keys(codes), ...errnos]

/** One answer. */
export function answer(): z.ZodType<Accepted, string> {
  return word('ok, killed, an errno, or a signal or its si_code with its place: `SIGBUS @ A.page(3)`', readAnswer)
}

/** A signal that somebody gets. */
export function signal(): z.ZodType<Accepted, string> {
  return word('A signal or its si_code, with its place: `BUS_MCEERR_AO @ A.page(3)`', text => {
    const said = readAnswer(text)
    if (said.kind !== 'signal') throw new BadWord('BAD_VALUE', `${quoted(text)} is no signal`)
    return said
  })
}

function readAnswer(text: string): Accepted {
  const [what = '', place, ...more] = text.split('@').map(part => part.trim())
  if (more.length > 0) throw new BadWord('BAD_VALUE', `${quoted(text)} has two places`)
  const signal = signals.includes(what) ? what : Object.hasOwn(codes, what) ? codes[what] : undefined
  if (signal !== undefined) {
    const code = signal === what ? {} : { code: what }
    return { kind: 'signal', signal, ...code, ...(place === undefined ? {} : { at: readRange(place, 'range') }) }
  }
  if (!words.includes(what)) {
    throw new BadWord('BAD_VALUE', `${quoted(what)} is no answer that a step gives${didYouMean(what, words)}`)
  }
  if (place !== undefined) throw new BadWord('BAD_VALUE', `only a signal has a place, ${what} has none`)
  return what === 'ok' || what === 'killed' ? { kind: what } : { kind: 'errno', errno: what }
}
