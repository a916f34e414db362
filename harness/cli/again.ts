// The commands that show a result again.

import type { Result } from '../check/result.ts'
import type { Course } from '../engine.ts'
import { findingLine, findingOf } from './finding.ts'

/** `mmfunc run FILE --variant V`, with the patches that were given, ready to be pasted into a shell. */
export function againCommand(result: Result, patches: readonly string[]): string {
  const subject = result.engine === 'model' ? '--variant' : '--kernel'
  const more = patches.flatMap(file => ['--patch', file])
  return ['mmfunc', 'run', result.case.file, subject, result.subject, ...more].map(quote).join(' ')
}

/** `mmfunc replay 'FINDING'` */
export function replayCommand(result: Result, course: Course, patches: readonly string[]): string {
  const more = patches.flatMap(file => ['--patch', file])
  return ['mmfunc', 'replay', findingLine(findingOf(result, course)), ...more].map(quote).join(' ')
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
