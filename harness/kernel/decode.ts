// The probe's short words in the terms of an observation.

import { constants } from 'node:os'
import type { Answer, Bytes, BytesSeen, FramesSeen, RangeSeen } from '../engine.ts'
import type { Event, Told } from './events.ts'

/** What a step answered, with the names that the kernel's headers give. */
export function answerOf(told: Told): Answer {
  switch (told[0]) {
    case 'errno':
      return { kind: 'errno', errno: nameIn(errnos, told[1]) }
    case 'killed':
      return { kind: 'killed', signal: nameIn(constants.signals, told[1]) }
    case 'signal': {
      const [, number, code, of, offset] = told
      const signal = nameIn(constants.signals, number)
      const name = codes[`${signal} ${code}`]
      return {
        kind: 'signal',
        signal,
        ...(name && { code: name }),
        ...(of !== undefined && offset !== undefined && { of, at: offset }),
      }
    }
    default:
      return { kind: 'ok' }
  }
}

/** Node leaves out what no portable program meets. */
const errnos = { ...constants.errno, EHWPOISON: 133 }

/** si_code by signal: include/uapi/asm-generic/siginfo.h. */
const codes: Readonly<Record<string, string>> = {
  'SIGSEGV 1': 'SEGV_MAPERR',
  'SIGSEGV 2': 'SEGV_ACCERR',
  'SIGBUS 1': 'BUS_ADRALN',
  'SIGBUS 2': 'BUS_ADRERR',
  'SIGBUS 3': 'BUS_OBJERR',
  'SIGBUS 4': 'BUS_MCEERR_AR',
  'SIGBUS 5': 'BUS_MCEERR_AO',
}

function nameIn(names: object, number: number): string {
  return Object.entries(names).find(([, value]) => value === number)?.[0] ?? String(number)
}

/** Bytes that a read found, in runs. */
export function foundOf([, range, runs]: Event & readonly ['bytes', ...unknown[]]): BytesSeen {
  return { range, runs: runs.map(([offset, length, text]) => ({ offset, length, bytes: bytesOf(text) })) }
}

/** `b90`, `s7+4096`, `x00ff`. */
function bytesOf(text: string): Bytes | { readonly hex: string } {
  const [kind, rest] = [text[0], text.slice(1)]
  if (kind === 'b') return { fill: Number(rest) }
  if (kind === 'x') return { hex: rest }
  const [seed, shift] = rest.split('+').map(Number)
  return { seed: seed!, shift: shift! | 0 }
}

const PAGE = 4096

/** Frames that go downwards are one run a page: a run's frames go up. */
export function framesOf([, name, runs, freed]: Event & readonly ['frames', ...unknown[]]): FramesSeen {
  const up = runs.flatMap(([pfn, pages, down]) =>
    down === undefined ? [{ pfn, pages }] : Array.from({ length: pages }, (_, i) => ({ pfn: pfn - i, pages: 1 })),
  )
  return { name, runs: up, ...(freed !== undefined && { freed }) }
}

export function rangeOf([, process, range, runs]: Event & readonly ['range', ...unknown[]]): RangeSeen {
  const up = runs.flatMap(([offset, length, mapped, pfn, down]) => {
    if (pfn === undefined) return [{ offset, length, mapped }]
    if (down === undefined) return [{ offset, length, mapped, pfn }]
    const page = (_: unknown, i: number) => ({ offset: offset + i * PAGE, length: PAGE, mapped, pfn: pfn - i })
    return Array.from({ length: length / PAGE }, page)
  })
  return { process, range, runs: up }
}
