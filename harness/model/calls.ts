// What lives on when a kernel function is through. One that is given numbers and gives a number back leaves nothing
// else behind: kernel functions have no state of their own, and the store is everybody's. Whatever it read on the way
// is forgotten then, and histories that agree in the answer become one, as with the marks of ops.ts.

import type { Kernel } from './kernel.ts'
import { heldInAll } from './ops.ts'
import { watch } from './store.ts'

type Func = (...args: readonly unknown[]) => unknown

/** The same functions; whoever explores is told when one begins and when it is through. */
export function toldCalls(kernel: Kernel): Kernel {
  const entries = Object.entries(kernel).map(([name, f]) => [name, typeof f === 'function' ? told(f as Func) : f])
  return Object.fromEntries(entries)
}

/** A function that is given a closure or an object may leave behind in it what it likes. */
export function told<F extends (...args: never[]) => unknown>(f: F): F {
  const call = f as unknown as Func
  const telling: Func = (...args) => {
    if (watch === undefined || !args.every(isPlain)) return call(...args)
    watch.begin()
    const answer = call(...args)
    watch.end(isPlain(answer) ? Number(answer ?? 0) : undefined, heldInAll())
    return answer
  }
  return telling as unknown as F
}

const isPlain = (value: unknown): value is number | boolean | undefined =>
  typeof value === 'number' || typeof value === 'boolean' || value === undefined
