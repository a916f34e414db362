// The engine `qemu`: real kernels in QEMU. Points that need the same machine share a boot; whatever
// ends a boot is charged to the point that ran, and the others run in the next one.

import { readFileSync } from 'node:fs'
import type { End, Engine, Observation, Subject, TestPoint } from '../engine.ts'
import { buildProbe } from './build-probe.ts'
import { gravityOf } from './console.ts'
import type { ModuleName } from './debian.ts'
import { type GuestEnd, type Limits, runGuest } from './guest.ts'
import { type Kernel, resolveKernel } from './images.ts'
import { initramfs } from './initramfs.ts'
import { Lacking, program } from './places.ts'
import { compile, type GuestNeeds, type Rounds } from './program.ts'
import { type Seen, seenOf } from './rounds.ts'
import { at, BootCounters, nothingSeen, poolsFolder } from './seen.ts'

export interface QemuOptions {
  /** Another QEMU than the one in $PATH. */
  readonly qemu?: string
  readonly limits?: Limits
  /** For points with a race; two seconds where nothing is said. */
  readonly rounds?: Rounds
}

const usualLimits: Limits = { boot: 60_000, silence: 60_000, crash: 5_000, point: 300_000 }

/** What it takes to boot. */
interface Bench {
  readonly qemu: string
  readonly kernel: Kernel
  readonly probe: Uint8Array
  readonly limits: Limits
  readonly rounds: Rounds
  readonly signal: AbortSignal | undefined
}

/** A point that waits for a guest. */
interface Job {
  readonly index: number
  readonly point: TestPoint
  readonly lines: readonly string[]
  readonly needs: GuestNeeds
  readonly gigantic: number
}

/** An engine for a kernel's name or path. What the machine lacks for it is the `config` of every point. */
export async function qemuEngine(kernel: string, options: QemuOptions): Promise<Engine> {
  const rounds = options.rounds ?? { rounds: undefined, seconds: 2 }
  try {
    const bench = {
      qemu: options.qemu ?? program('qemu-system-x86_64'),
      kernel: await resolveKernel(kernel),
      probe: await buildProbe(),
      limits: options.limits ?? limitsFor(rounds),
      rounds,
    }
    const { subject } = bench.kernel
    return {
      kind: 'qemu',
      subject,
      run: (points, { detail, signal }) => runPoints({ ...bench, signal }, points, detail),
    }
  } catch (error) {
    if (!(error instanceof Lacking)) throw error
    return refusing(kernel, error.message)
  }
}

/** A point that is run again and again has the time for it. */
function limitsFor({ seconds = 0 }: Rounds): Limits {
  return { ...usualLimits, point: usualLimits.point + seconds * 1000 }
}

function refusing(name: string, reason: string): Engine {
  const subject: Subject = { name, has: () => false }
  return {
    kind: 'qemu',
    subject,
    async *run(points) {
      for (const point of points) yield nothingSeen(point.name, { kind: 'config', reason })
    },
  }
}

/** Observations in the order of the points, each as soon as those before it are there. */
async function* runPoints(bench: Bench, points: readonly TestPoint[], detail: boolean): AsyncGenerator<Observation> {
  const seen = new Map<number, Observation>()
  const jobs: Job[] = []
  for (const [index, point] of points.entries()) {
    const compiled = compile(point, index, detail, bench.rounds)
    if (compiled.kind === 'config') seen.set(index, nothingSeen(point.name, compiled))
    else jobs.push({ index, point, lines: compiled.lines, needs: compiled.guest, gigantic: compiled.gigantic })
  }
  let next = 0
  for (const group of groupsOf(jobs)) {
    for await (const [index, observation] of runGroup(bench, group)) {
      seen.set(index, observation)
      for (; seen.has(next); next++) yield seen.get(next)!
    }
  }
  for (; seen.has(next); next++) yield seen.get(next)!
}

/** Within a group the largest pools come first: gigantic pages are easily given back, and hard to have again. */
function groupsOf(jobs: readonly Job[]): Job[][] {
  const groups = new Map<string, Job[]>()
  for (const job of jobs.toSorted((a, b) => b.gigantic - a.gigantic)) {
    const key = JSON.stringify(job.needs)
    groups.set(key, [...(groups.get(key) ?? []), job])
  }
  return [...groups.values()]
}

/** Boots until every job has its observation: each boot ends at least one of them. */
async function* runGroup(bench: Bench, group: readonly Job[]): AsyncGenerator<[number, Observation]> {
  let left = group
  let lostBoots = 0
  while (left.length > 0 && !bench.signal?.aborted) {
    const ended = new Set<number>()
    const boot = runBoot(bench, left)
    let turn = await boot.next()
    for (; !turn.done; turn = await boot.next()) {
      ended.add(turn.value[0])
      yield turn.value
    }
    if (bench.signal?.aborted) return
    if (ended.size === 0) {
      // Once in many boots a kernel oopses under TCG before it has come up, and does not the next time.
      if (/lost|hang|oops/.test(turn.value.kind) && lostBoots++ === 0) continue
      for (const { index, point } of left)
        yield [index, nothingSeen(point.name, atBoot(turn.value), turn.value.log.slice(-50))]
      return
    }
    left = left.filter(({ index }) => !ended.has(index))
  }
}

function atBoot({ kind, reason }: GuestEnd): End {
  return { kind: kind === 'done' ? 'lost' : kind, reason: `before the first test point: ${reason}` }
}

/** What the points of a boot need beside the image. */
function modulesFor(jobs: readonly Job[]): ModuleName[] {
  const lines = jobs.flatMap(job => job.lines)
  const disk: ModuleName[] = lines.includes('disk') ? ['brd'] : []
  return lines.some(line => line.startsWith('unpoison ')) ? [...disk, 'hwpoison-inject'] : disk
}

/** One boot: an observation for each job that ended in it, the last one cut short by what ended the boot. */
async function* runBoot(bench: Bench, jobs: readonly Job[]): AsyncGenerator<[number, Observation], GuestEnd> {
  const text = Buffer.from(`${jobs.flatMap(({ lines }) => lines).join('\n')}\n`)
  const { needs, gigantic } = jobs[0]!
  const modules = Object.fromEntries(
    modulesFor(jobs).flatMap(name => {
      const file = bench.kernel.modules[name]
      return file === undefined ? [] : [[name, readFileSync(file)]]
    }),
  )
  const guest = runGuest({ ...bench, needs, gigantic, initramfs: initramfs(bench.probe, text, modules) })
  const counters = new BootCounters()
  let running: { readonly job: Job; readonly seen: Seen } | undefined
  try {
    for (;;) {
      const turn = await guest.next()
      if (turn.done) {
        if (running !== undefined && !bench.signal?.aborted)
          yield [running.job.index, cutShort(running.seen, turn.value)]
        return turn.value
      }
      const event = turn.value
      if (event[0] === 'point') {
        const job = jobs.find(({ index }) => index === event[1])!
        running = { job, seen: seenOf(job.point, counters, bench.rounds) }
        continue
      }
      if (running === undefined) continue
      const { job, seen }: { job: Job; seen: Seen } = running
      seen.take(event)
      if (event[0] !== 'end' && !seen.broken) continue
      running = undefined
      const observation = seen.observation()
      yield [job.index, observation]
      // Neither a broken kernel nor one that has warned, and may not warn again, judges other points; nor does one that
      // has lost huge pages of a pool.
      const isLeft = observation.after.some(({ text }) => text.startsWith(poolsFolder))
      if (isLeft || seen.log.some(line => gravityOf(line) !== undefined)) return { kind: 'done', reason: '', log: [] }
    }
  } finally {
    await guest.return({ kind: 'done', reason: '', log: [] })
  }
}

/** The point that ran when its boot ended. A panic tells its cause on the console only. */
function cutShort(seen: Seen, { kind, reason, log }: GuestEnd): Observation {
  const { step } = seen
  const end: End =
    kind === 'done' ? { kind: 'lost', reason: 'the guest ended early', ...at(step) } : { kind, reason, ...at(step) }
  const observation = seen.observation(end)
  return {
    ...observation,
    end: observation.end.kind === 'done' ? end : observation.end,
    log: [...observation.log, ...log.slice(-200)],
  }
}
