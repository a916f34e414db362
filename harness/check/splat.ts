// What a kernel's log says of itself: which of its lines are anomalies.

import type { Finding } from '../engine.ts'
import type { AnomalyName } from './anomalies.ts'

/** Read from the top; the first that fits names the line. */
const splats: readonly (readonly [RegExp, AnomalyName])[] = [
  [/\bKASAN: .*(use-after-free|slab-use-after-free)/, 'use-after-free'],
  [/\bKASAN: .*(double-free|invalid-free)/, 'double-free'],
  [/\bkernel BUG at /, 'bug-on'],
  [/\bBUG: Bad (page state|page map)/, 'bad-page'],
  [/\bBUG: Bad rss-counter state/, 'counter-drift'],
  [/\bBUG: non-zero pgtables_bytes on freeing mm/, 'leak'],
  [/\bBUG: sleeping function called from invalid context/, 'sleep-in-atomic'],
  [/\bBUG: scheduling while atomic/, 'sleep-in-atomic'],
  [/\b(possible circular locking dependency|possible recursive locking)/, 'deadlock'],
  [/\bBUG: .*\bbad unlock balance/, 'lock-imbalance'],
  [/\b(soft lockup|hard LOCKUP|rcu.* detected .*stall|INFO: task .* blocked for more than)/, 'stall'],
  [/\bBUG: (unable to handle|kernel NULL pointer)/, 'oops'],
  [/\b(Oops|general protection fault)\b/, 'oops'],
  [/\bWARNING: CPU: /, 'warning'],
]

/** The anomalies among these log lines, each name once, in the order in which the kernel said them. */
export function splatsIn(log: readonly string[]): Finding[] {
  const found = new Map<AnomalyName, Finding>()
  for (const line of log) {
    const anomaly = splats.find(([words]) => words.test(line))?.[1]
    if (anomaly === undefined || found.has(anomaly)) continue
    // A BUG_ON is reported as an oops of its own right after.
    if (anomaly === 'oops' && found.has('bug-on')) continue
    found.set(anomaly, { anomaly, text: line.trim() })
  }
  return [...found.values()]
}
