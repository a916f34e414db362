// How results are said, the same in every report.

import type { Anomaly, Result } from '../check/result.ts'
import type { Position } from '../engine.ts'

/** `cases/thp/pin-fork.yaml:9:5` */
export function positionText({ file, line, col }: Position): string {
  return `${file}:${line}:${col}`
}

/** Where to look first: at the step that went wrong, else at the verdict that did not come true. */
export function positionOf({ anomalies, wanted }: Result): Position {
  return anomalies[0]?.pos ?? wanted.pos
}

/** `clean`, `always stale-dma`, `sometimes counter-drift and oops` */
export function wantedText({ wanted: { anomalies, how } }: Result): string {
  const names = anomalies.join(' and ')
  return names === 'clean' ? names : `${how} ${names}`
}

export function anomalyText({ name, text, pos }: Anomaly): string {
  return `${name}: ${text}${pos === undefined ? '' : ` (${positionText(pos)})`}`
}

/** The first part of a case's name: `thp` of `thp/pin-fork`; a case elsewhere than in the project is `other`. */
export function areaOf(caseName: string): string {
  const slash = caseName.indexOf('/')
  return slash > 0 ? caseName.slice(0, slash) : 'other'
}

/** Control characters and line ends, of which a kernel's words may be full, become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

/** `Mlocked +511P`, `thp_split_page +1`: an amount in base pages where it is made of them. */
export function changeText(counter: string, change: number): string {
  const pages = /^[A-Z]/.test(counter) && change % 4096 === 0
  const value = pages ? change / 4096 : change
  return `${counter} ${value < 0 ? '' : '+'}${value}${pages && value !== 0 ? 'P' : ''}`
}
