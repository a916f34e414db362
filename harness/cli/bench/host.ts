// The plain C program that does on the running kernel what the bench cases do in the model.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../project.ts'
import { type Measured, measure } from './measure.ts'

export interface Host {
  /** The program with these arguments; `seconds` and `peak` are its own. */
  run(...args: string[]): Promise<Measured & { readonly hugeKiB: number }>
  remove(): void
}

/** Builds the program; undefined without gcc. */
export async function buildHost(): Promise<Host | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'mmfunc-bench-'))
  const program = join(folder, 'host')
  const built = await measure('gcc', ['-O2', '-o', program, join(root, 'harness', 'cli', 'bench', 'host.c')])
  const remove = () => rmSync(folder, { recursive: true, force: true })
  if (built.status !== 0) {
    remove()
    return undefined
  }
  return { run: (...args) => run(program, args), remove }
}

async function run(program: string, args: readonly string[]) {
  const measured = await measure(program, args)
  const [seconds = 0, peak = 0, hugeKiB = 0] = measured.stdout.split(' ').map(Number)
  return { ...measured, seconds, peak, hugeKiB }
}
