// The command that shows a result again.

import type { Result } from '../check/result.ts'

/** `mmfunc run FILE --variant V`, with the patches that were given, ready to be pasted into a shell. */
export function againCommand(result: Result, patches: readonly string[]): string {
  const subject = result.engine === 'model' ? '--variant' : '--kernel'
  const more = patches.flatMap(file => ['--patch', file])
  return ['mmfunc', 'run', result.case.file, subject, result.subject, ...more].map(quote).join(' ')
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
