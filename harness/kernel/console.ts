// What a kernel's log says of its end, and of its health.

/** How grave a line is: after an oops nothing the kernel says counts; after a warning it may not warn again. */
export type Gravity = 'panic' | 'oops' | 'out-of-memory' | 'warning'

/** Read from the top; the first that fits. */
const gravities: readonly (readonly [RegExp, Gravity])[] = [
  [/\bKernel panic - not syncing\b/, 'panic'],
  [
    /\bkernel BUG at |\bBUG: unable to handle |\bBUG: kernel NULL pointer|\bOops: |\bgeneral protection fault\b/,
    'oops',
  ],
  [/\bOut of memory(?: \(|: Kill)|\binvoked oom-killer\b/, 'out-of-memory'],
  [/\bWARNING: |\bBUG: |\bsoft lockup\b|\bblocked for more than\b|\bdetected stall/, 'warning'],
]

export function gravityOf(line: string): Gravity | undefined {
  return gravities.find(([words]) => words.test(line))?.[1]
}

/** The first line of the gravest kind, without its time. */
export function gravest(log: readonly string[]): { readonly gravity: Gravity; readonly line: string } | undefined {
  for (const gravity of ['oops', 'panic', 'out-of-memory', 'warning'] as const) {
    const line = log.find(one => gravityOf(one) === gravity)
    if (line !== undefined) return { gravity, line: withoutTime(line) }
  }
  return undefined
}

/** `[    1.234567] text` without what stands in brackets. */
export function withoutTime(line: string): string {
  return line.replace(/^(<\d+>)?\[ *\d+\.\d+\] (\[ *[TC]\d+\] )?/, '').trim()
}
