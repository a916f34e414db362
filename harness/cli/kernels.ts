// Real kernels by what a person calls them; the code that boots them is loaded only when one is named.

import { existsSync } from 'node:fs'
import type { Engine } from '../engine.ts'
import type { Rounds } from '../kernel/program.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { Refusal } from './refusal.ts'

/**
 * A kernel booted in QEMU, or the running one; `rounds` says how often it runs a race. What this machine lacks for it
 * makes every point `config`.
 */
export async function kernelEngine(kernel: string, rounds?: Rounds): Promise<Engine> {
  const options = rounds === undefined ? {} : { rounds }
  if (kernel === 'host') return (await import('../kernel/host-engine.ts')).hostEngine(options)
  const { kernelNames } = await import('../kernel/kernels.ts')
  if (!kernelNames().includes(kernel) && !existsSync(kernel)) {
    const near = didYouMean(kernel, ['host', ...kernelNames()])
    throw new Refusal(
      `no kernel is called "${kernel}", and no file${near || '; mmfunc list kernels tells their names'}`,
    )
  }
  const { qemuEngine } = await import('../kernel/qemu-engine.ts')
  const { Lacking } = await import('../kernel/places.ts')
  try {
    return await qemuEngine(kernel, options)
  } catch (error) {
    if (error instanceof Lacking) return lackingEngine(kernel, error.message)
    throw error
  }
}

/** Stands in for an engine that this machine cannot have. */
function lackingEngine(name: string, reason: string): Engine {
  return {
    kind: 'qemu',
    subject: { name, has: () => false },
    async *run(points) {
      const end = { kind: 'config', reason } as const
      for (const { name: point } of points) yield { point, baseline: {}, steps: [], after: [], end, log: [] }
    },
  }
}
