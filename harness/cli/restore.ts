// mmfunc restore: gives back the settings of this machine that a run which was killed has left changed.

import { borrower, giveBack } from '../kernel/borrowed.ts'
import { Refusal } from './refusal.ts'

/** Gives the exit status. `root` stands for /, in tests. */
export function restore(root = '/'): number {
  const pid = borrower(root)
  if (pid !== undefined) throw new Refusal(`process ${pid} has borrowed the settings of this machine, and still runs`)
  const returned = giveBack(root)
  if (returned.length === 0) process.stdout.write('nothing to restore\n')
  for (const { path, from, to, done } of returned)
    process.stdout.write(`/${path}: ${from} -> ${to}${done ? '' : ' (could not be set)'}\n`)
  return returned.every(({ done }) => done) ? 0 : 3
}
