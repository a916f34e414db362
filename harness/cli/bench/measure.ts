// Runs a command and says how long it took and how much memory it had at its peak.

import { type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Measured {
  readonly status: number | null
  readonly seconds: number
  /** KiB; undefined where nobody said. */
  readonly peak: number | undefined
  readonly stdout: string
  readonly stderr: string
}

const preload = new URL('./peak.js', import.meta.url).href
const main = fileURLToPath(new URL('../main.js', import.meta.url))

/** A node program of ours that tells its peak. */
export function node(args: readonly string[]): Promise<Measured> {
  return measure(process.execPath, ['--import', preload, ...args])
}

export function mmfunc(...args: string[]): Promise<Measured> {
  return node([main, ...args])
}

/** The quickest of several goes: what else the machine does only ever adds. */
export async function best(times: number, go: () => Promise<Measured>): Promise<Measured> {
  let least = await go()
  for (let i = 1; i < times; i++) {
    const one = await go()
    if (one.seconds < least.seconds) least = one
  }
  return least
}

/** `peak` of a process that does not tell it is the largest of its descendants', seen now and then. */
export async function measure(command: string, args: readonly string[], more: SpawnOptions = {}): Promise<Measured> {
  const start = performance.now()
  const child = spawn(command, args, { ...more, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const told = ['', '', '', '']
  for (const fd of [1, 2, 3]) child.stdio[fd]?.on('data', data => (told[fd] += data))
  let below = 0
  const look = setInterval(() => (below = Math.max(below, peakBelow(child.pid))), 50)
  const status = await new Promise<number | null>(resolve =>
    child.on('close', resolve).on('error', () => resolve(null)),
  )
  clearInterval(look)
  const peak = Math.max(below, Number(told[3])) || undefined
  return { status, seconds: (performance.now() - start) / 1000, peak, stdout: told[1]!, stderr: told[2]! }
}

/** KiB. */
function peakBelow(pid: number | undefined): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    const own = children.map(child => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1]))
    return Math.max(0, ...own, ...children.map(peakBelow))
  } catch {
    return 0
  }
}
