// mmfunc check: reads case files and runs nothing.

import { casesOf } from './load.ts'

/** Gives the exit status; problems are the refusal that `casesOf` throws. */
export async function check(named: readonly string[]): Promise<number> {
  const cases = await casesOf(named)
  const points = cases.reduce((sum, { combinations }) => sum + combinations.length, 0)
  process.stdout.write(`${counted(cases.length, 'case')} with ${counted(points, 'combination')}: no problems\n`)
  return 0
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
