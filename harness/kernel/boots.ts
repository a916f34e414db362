// Test points on real machines. Points that need the same machine share a boot; whatever ends a boot is charged to the
// point that ran, and the others run in the next one. On a host a boot is a start of the probe.

import type { End, Engine, Observation, TestPoint } from '../engine.ts'
import { gravityOf } from './console.ts'
import type { Event } from './events.ts'
import type { GuestEnd } from './guest.ts'
import { giganticAtFirst } from './needs.ts'
import { compile, type Rounds } from './program.ts'
import { type Seen, seenOf } from './rounds.ts'
import { at, BootCounters, isOfPool, nothingSeen } from './seen.ts'

/** A point that waits for a machine with what it needs. */
export interface Job<Needs> {
  readonly index: number
  readonly point: TestPoint
  readonly lines: readonly string[]
  readonly needs: Needs
}

/** How machines are had. */
export interface Boots<Needs extends object> {
  /** The machine for a point, whose program is `lines`; or why there is none. */
  fit(point: TestPoint, lines: readonly string[]): Needs | string
  /** One boot, for jobs with the same needs. */
  start(jobs: readonly Job<Needs>[]): AsyncGenerator<Event, GuestEnd>
  readonly rounds: Rounds
  readonly signal: AbortSignal | undefined
}

/** An engine that has nothing to judge with: every point is `config`. */
export function refusing(kind: Engine['kind'], name: string, reason: string): Engine {
  return {
    kind,
    subject: { name, has: () => false },
    async *run(points) {
      for (const point of points) yield nothingSeen(point.name, { kind: 'config', reason })
    },
  }
}

/** All that the probe reads. */
export function programOf(jobs: readonly Job<unknown>[]): Buffer {
  return Buffer.from(`${jobs.flatMap(({ lines }) => lines).join('\n')}\n`)
}

/** Observations in the order of the points, each as soon as those before it are there. */
export async function* runPoints<Needs extends object>(
  boots: Boots<Needs>,
  points: readonly TestPoint[],
  detail: boolean,
): AsyncGenerator<Observation> {
  const seen = new Map<number, Observation>()
  const jobs: Job<Needs>[] = []
  for (const [index, point] of points.entries()) {
    const compiled = compile(point, index, detail, boots.rounds)
    if (compiled.kind === 'config') {
      seen.set(index, nothingSeen(point.name, compiled))
      continue
    }
    const { lines } = compiled
    const needs = boots.fit(point, lines)
    if (typeof needs === 'string') seen.set(index, nothingSeen(point.name, { kind: 'config', reason: needs }))
    else jobs.push({ index, point, lines, needs })
  }
  let next = 0
  for (const group of groupsOf(jobs)) {
    for await (const [index, observation] of runGroup(boots, group)) {
      seen.set(index, observation)
      for (; seen.has(next); next++) yield seen.get(next)!
    }
  }
  for (; seen.has(next); next++) yield seen.get(next)!
}

/** Within a group the largest pools come first: gigantic pages are easily given back, and hard to have again. */
function groupsOf<Needs>(jobs: readonly Job<Needs>[]): Job<Needs>[][] {
  const groups = new Map<string, Job<Needs>[]>()
  for (const job of jobs.toSorted((a, b) => giganticAtFirst(b.point) - giganticAtFirst(a.point))) {
    const key = JSON.stringify(job.needs)
    groups.set(key, [...(groups.get(key) ?? []), job])
  }
  return [...groups.values()]
}

/** Boots until every job has its observation: each boot ends at least one of them. */
async function* runGroup<Needs extends object>(
  boots: Boots<Needs>,
  group: readonly Job<Needs>[],
): AsyncGenerator<[number, Observation]> {
  let left = group
  let lostBoots = 0
  while (left.length > 0 && !boots.signal?.aborted) {
    const ended = new Set<number>()
    const boot = runBoot(boots, left)
    let turn = await boot.next()
    for (; !turn.done; turn = await boot.next()) {
      ended.add(turn.value[0])
      yield turn.value
    }
    if (boots.signal?.aborted) return
    if (ended.size === 0) {
      // Once in many boots a kernel oopses under TCG before it has come up, and does not the next time.
      // Its init dies with it, which is a panic.
      const { kind, reason } = turn.value
      if ((/lost|hang|oops/.test(kind) || reason.includes('Oops')) && lostBoots++ === 0) continue
      for (const { index, point } of left)
        yield [index, nothingSeen(point.name, atBoot(turn.value), turn.value.log.slice(-50))]
      return
    }
    left = left.filter(({ index }) => !ended.has(index))
  }
}

function atBoot({ kind, reason }: GuestEnd): End {
  if (kind === 'config') return { kind, reason }
  return { kind: kind === 'done' ? 'lost' : kind, reason: `before the first test point: ${reason}` }
}

/** One boot: an observation for each job that ended in it, the last one cut short by what ended the boot. */
async function* runBoot<Needs extends object>(
  { start, rounds, signal }: Boots<Needs>,
  jobs: readonly Job<Needs>[],
): AsyncGenerator<[number, Observation], GuestEnd> {
  const machine = start(jobs)
  const counters = new BootCounters()
  let running: { readonly job: Job<Needs>; readonly seen: Seen } | undefined
  try {
    for (;;) {
      const turn = await machine.next()
      if (turn.done) {
        if (running !== undefined && !signal?.aborted) yield [running.job.index, cutShort(running.seen, turn.value)]
        return turn.value
      }
      const event = turn.value
      if (event[0] === 'point') {
        const job = jobs.find(({ index }) => index === event[1])!
        running = { job, seen: seenOf(job.point, counters, rounds) }
        continue
      }
      if (running === undefined) continue
      const { job, seen }: { job: Job<Needs>; seen: Seen } = running
      seen.take(event)
      if (event[0] !== 'end' && !seen.broken) continue
      running = undefined
      const observation = seen.observation()
      yield [job.index, observation]
      // Neither a broken kernel nor one that has warned, and may not warn again, judges other points; nor does one that
      // has lost huge pages of a pool, or whose counters are wrong from here on.
      const isLeft = seen.lost || observation.after.some(({ text }) => isOfPool(text))
      const isSpoilt = isLeft || counters.spoilt !== undefined || seen.log.some(line => gravityOf(line) !== undefined)
      if (isSpoilt) return { kind: 'done', reason: '', log: [] }
    }
  } finally {
    await machine.return({ kind: 'done', reason: '', log: [] })
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
