// The engine `host`: the running kernel. What the probe makes is gone with its namespaces; settings of the machine are
// written down before they are changed, and given back.

import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, release, version } from 'node:os'
import type { Engine, Observation, TestPoint } from '../engine.ts'
import { type Boots, programOf, refusing, runPoints } from './boots.ts'
import { borrow, giveBack, isOwed, owedText } from './borrowed.ts'
import { buildProbe } from './build-probe.ts'
import { gravityOf } from './console.ts'
import type { CounterChanges, Event } from './events.ts'
import { type GuestEnd, type Limits, limitsFor } from './guest.ts'
import { runHost } from './host.ts'
import { subjectOf } from './kernels.ts'
import { bytesOf, nodesOf } from './needs.ts'
import { Lacking } from './places.ts'
import { hasRace, type Rounds, usualRounds } from './program.ts'
import { belowZero } from './seen.ts'
import { isStuck, type LeftPool, poolsToLeave } from './settings.ts'

/** How the running kernel is called. */
const hostName = 'host'

export interface HostOptions {
  readonly limits?: Limits
  /** For points with a race, which are not run unless it is given. */
  readonly rounds?: Rounds
}

interface Bench {
  readonly probe: Uint8Array
  readonly limits: Limits
  readonly rounds: Rounds
  readonly races: boolean
}

/** An engine for the running kernel. What this machine lacks for it is the `config` of every point. */
export async function hostEngine(options: HostOptions): Promise<Engine> {
  const rounds = options.rounds ?? usualRounds
  try {
    if (process.arch !== 'x64') throw new Lacking(`the probe is for x86-64, not for ${process.arch}`)
    if (process.getuid?.() !== 0) throw new Lacking('the running kernel is tried by root only')
    if (isOwed()) throw new Lacking(owedText)
    const races = options.rounds !== undefined
    const bench = { probe: await buildProbe(), limits: options.limits ?? limitsFor(rounds), rounds, races }
    return {
      kind: 'host',
      subject: subjectOf(hostName, `${release()} ${version()}`),
      run: (points, { detail, signal }) => runBorrowed(bench, points, detail, signal),
    }
  } catch (error) {
    if (!(error instanceof Lacking)) throw error
    return refusing('host', hostName, error.message)
  }
}

/** Settings are given back after the last point, and also where this process exits before. */
async function* runBorrowed(
  bench: Bench,
  points: readonly TestPoint[],
  detail: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Observation> {
  const left = poolsToLeave('/')
  try {
    borrow()
  } catch (error) {
    if (!(error instanceof Lacking)) throw error
    yield* refusing('host', hostName, error.message).run(points, { detail })
    return
  }
  const settle = () => tellOfUnpaid(giveBack())
  process.once('exit', settle)
  try {
    yield* runPoints(starts(bench, left, signal), points, detail)
  } finally {
    process.removeListener('exit', settle)
    settle()
  }
}

function tellOfUnpaid(returned: ReturnType<typeof giveBack>): void {
  for (const { path, to, done } of returned) {
    const again = isStuck('/', path) ? 'it is what the next boot makes it' : 'mmfunc restore tries again'
    if (!done) process.stderr.write(`mmfunc: /${path} could not be set back to ${to}; ${again}\n`)
  }
}

function starts(
  { probe, limits, rounds, races }: Bench,
  left: readonly LeftPool[],
  signal: AbortSignal | undefined,
): Boots<object> {
  const broken: { line?: string } = {}
  return {
    fit: (point, lines) => whyLeft(point, left) ?? refuse(point, lines, races) ?? {},
    async *start(jobs): AsyncGenerator<Event, GuestEnd> {
      if (broken.line !== undefined) return { kind: 'config', reason: brokenText(broken.line), log: [] }
      const [late] = poolsToLeave('/').filter(({ name }) => !left.some(one => one.name === name))
      if (late !== undefined) return { kind: 'config', reason: late.reason, log: [] }
      const leave = left.map(({ kilobytes }) => kilobytes)
      const host = runHost({ probe, leave, program: programOf(jobs), limits, signal })
      try {
        for (;;) {
          const turn = await host.next()
          if (turn.done) return turn.value
          const event = turn.value
          if (event[0] === 'log' && gravityOf(event[1]) === 'oops') broken.line = event[1]
          const spoilt = spoiltBy(event)
          if (spoilt !== undefined) {
            broken.line = spoilt
            // From before the point, which cannot be judged by it.
            if (event[0] === 'before') return { kind: 'config', reason: brokenText(spoilt), log: [] }
          }
          yield event
        }
      } finally {
        await host.return({ kind: 'done', reason: '', log: [] })
      }
    },
    rounds,
    signal,
  }
}

/** Why the pool of a point is not ours; what else it does with pages of that size, the probe refuses. */
function whyLeft({ machine }: TestPoint, left: readonly LeftPool[]): string | undefined {
  const asked = machine.pools.filter(({ pages, overcommit }) => pages + overcommit > 0)
  return left.find(({ kilobytes }) => asked.some(({ size }) => size === kilobytes * 1024))?.reason
}

const brokenText = (line: string) => `the running kernel is broken: ${line}`

/** A counter below zero stays wrong until the next boot. */
function spoiltBy(event: Event): string | undefined {
  const told = ['before', 'baseline', 'counters', 'after'].includes(event[0])
  const name = told ? belowZero(event[1] as CounterChanges) : undefined
  return name && `${name} is below zero`
}

const MiB = 2 ** 20

/** What is not done to a machine that others use, too, or only if it is asked for; or what it does not have. */
export function refuse(point: TestPoint, lines: readonly string[], races: boolean): string | undefined {
  const { memory, cpus } = point.machine
  const words = lines.map(line => line.split(' '))
  if (words.some(([verb, , , , advice]) => isPoison(verb!, advice))) {
    return 'hardware is not poisoned on a machine that is in use'
  }
  if (!races && hasRace(point))
    return 'a race may leave a kernel miscounting until it is booted again: --rounds or --seconds has it run here'
  if (words.some(([verb]) => verb === 'swap' || verb === 'pageout'))
    return 'nothing is swapped out on a machine that is in use'
  if (lines.includes('disk')) return 'no RAM disk is made on a machine that is in use, and O_DIRECT has no other'
  if (memory !== undefined) return 'how much memory a machine has that is in use is not ours to choose'
  if (cpus > availableParallelism()) return `this machine has ${availableParallelism()} CPUs, not ${cpus}`
  if (nodesOf(point, lines) > 1 && !existsSync('/sys/devices/system/node/node1')) return 'this machine has one node'
  const need = bytesOf(point, lines)
  const available = 1024 * Number(/^MemAvailable: +(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0)
  if (need <= available) return undefined
  return `${Math.ceil(need / MiB)} MiB of memory are needed, this machine has ${Math.floor(available / MiB)} to spare`
}

function isPoison(verb: string, advice: string | undefined): boolean {
  const bad = ['poison', 'unpoison', 'soft-offline', 'hwpoison']
  return bad.includes(verb) || (verb === 'madvise' && bad.includes(advice ?? ''))
}
