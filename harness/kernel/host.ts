// One start of the probe on the running kernel, from its start to its end, whatever ends it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { lend } from './borrowed.ts'
import { gravityOf, withoutTime } from './console.ts'
import { type CounterChanges, type Event, eventOf } from './events.ts'
import { Clock, type GuestEnd, type Limits } from './guest.ts'

export interface HostStart {
  readonly probe: Uint8Array
  /** Sizes of huge pages, in KiB, whose pools are left alone. */
  readonly leave: readonly number[]
  readonly program: Uint8Array
  readonly limits: Limits
  readonly signal: AbortSignal | undefined
}

/** How long processes that were killed may take to end. */
const dying = 20_000

/**
 * The events of one start, then how it ended, without a log: all that the kernel said was told. Whoever stops
 * listening, or aborts, ends the probe and all that it began; where this process exits, whoever gives the settings back
 * does.
 */
export async function* runHost({ probe, leave, program, limits, signal }: HostStart): AsyncGenerator<Event, GuestEnd> {
  const child = start(probe, Buffer.concat([...leave.map(size => Buffer.from(`leave ${size}\n`)), program]))
  if (child.pid === undefined)
    return { kind: 'config', reason: 'no program can be run in the temporary folder', log: [] }
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const stop = () => child.kill('SIGTERM')
  lend(child.pid)
  signal?.addEventListener('abort', stop)
  const clock = new Clock(limits, stop)
  const log: string[] = []
  try {
    if (signal?.aborted) stop()
    for await (const line of createInterface({ input: child.stdout! })) {
      const event = eventOf(line)
      if (event === undefined) continue
      clock.heard(event)
      if (event[0] === 'unfit') return { kind: 'config', reason: `not on this machine: ${event[1]}`, log: [] }
      if (event[0] === 'log') {
        log.push(event[1])
        clock.said(event[1])
      }
      yield soundly(event, leave.length > 0 ? otherPools : allPools)
      if (event[0] === 'done') return { kind: 'done', reason: '', log: [] }
    }
    return { ...(clock.over ?? theEnd(log)), log: [] }
  } finally {
    clock.stop()
    stop()
    const isGone = await Promise.race([ended.then(() => true), new Promise(r => setTimeout(r, dying, false).unref())])
    signal?.removeEventListener('abort', stop)
    if (isGone !== true) child.unref()
  }
}

/** Apart from the terminal's group, whose Control-C is ours to answer. */
function start(probe: Uint8Array, program: Uint8Array): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), 'mmfunc-'))
  try {
    const file = join(folder, 'probe')
    writeFileSync(file, probe, { mode: 0o700 })
    writeFileSync(join(folder, 'program'), program)
    const fd = openSync(join(folder, 'program'), 'r')
    const child = spawn(file, ['host'], { stdio: [fd, 'pipe', 'ignore'], detached: true })
    child.on('error', () => {})
    closeSync(fd)
    return child
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function theEnd(log: readonly string[]): Pick<GuestEnd, 'kind' | 'reason'> {
  const oops = log.find(line => gravityOf(line) === 'oops')
  if (oops !== undefined) return { kind: 'oops', reason: withoutTime(oops) }
  return { kind: 'lost', reason: 'the probe ended early' }
}

/** Counters of a machine that others use, too, which nobody but the point changes: those of pools. */
const allPools = /^(HugePages_|Hugetlb$|(node\d+\/)?hugepages-)/
/** Without those of all pools together, and of the pool of the default size, where one is left alone. */
const otherPools = /^(node\d+\/)?hugepages-/

/** Without what a machine that others use, too, does not tell: counters that others move, and which frames are free. */
function soundly(event: Event, own: RegExp): Event {
  switch (event[0]) {
    case 'before':
    case 'baseline':
    case 'counters':
    case 'after':
      return [event[0], ownCounters(event[1], own)]
    case 'frames':
      return [event[0], event[1], event[2]]
    default:
      return event
  }
}

function ownCounters(changes: CounterChanges, own: RegExp): CounterChanges {
  return Object.fromEntries(Object.entries(changes).filter(([name]) => own.test(name)))
}
