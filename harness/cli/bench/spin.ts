// The same race for Spin, written in Promela (munlock-split.pml): generate, compile, search. The model there is what
// the race needs and no more; ours runs the kernel's functions whole, from the system call to the LRU.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../project.ts'
import { measure } from './measure.ts'

export interface Spin {
  /** Seconds from the prompt to the verdict. */
  readonly whole: number
  /** Seconds of the search alone. */
  readonly search: number
}

const source = 'munlock-split.pml'

/** Proves the fixed one; of the other it finds the first error and stops. */
export async function spin(fixed: boolean, nr: number): Promise<Spin> {
  const cwd = mkdtempSync(join(tmpdir(), 'mmfunc-spin-'))
  try {
    copyFileSync(join(root, 'harness', 'cli', 'bench', source), join(cwd, source))
    const steps: [string, ...string[]][] = [
      ['spin', `-DNR=${nr}`, ...(fixed ? ['-DFIXED'] : []), '-a', source],
      ['gcc', '-O2', '-DSAFETY', '-DVECTORSZ=4096', '-o', 'pan', 'pan.c'],
      [join(cwd, 'pan'), '-m1000000'],
    ]
    let whole = 0
    let search = 0
    let said = ''
    for (const [command, ...args] of steps) {
      const done = await measure(command, args, { cwd })
      if (done.status !== 0) throw new Error(`${command}: ${done.stderr || done.stdout}`)
      search = done.seconds
      whole += search
      said = done.stdout
    }
    if (said.includes('errors: 0') !== fixed) throw new Error(`pan: ${said}`)
    return { whole, search }
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}
