// Test points spread over worker threads. This thread is one of them: it takes points as it would alone, always the
// next that nobody has taken, and helpers take others meanwhile: those with races first, which may take long, so that
// nobody is left with one when all else is done. What comes of them is given in the order of the points, and is what
// one thread would have given: a point begins with the boot of a machine of its own.

import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Engine, Exploring, Observation, TestPoint } from '../../engine.ts'

/** An engine of the model and what it is asked. */
export interface Asked {
  readonly engine: Engine
  readonly points: readonly TestPoint[]
}

export interface HowToSpread {
  /** Threads, this one included. */
  readonly jobs: number
  /** Files of patches that the variants may have beside those of the history. */
  readonly patches: readonly string[]
  readonly detail: boolean
  readonly exploring: Exploring
  readonly signal: AbortSignal
  /** Helpers that have been started already. */
  readonly ready?: readonly Worker[] | undefined
}

/** What a helper is told to begin with. */
export interface PointsToDo {
  readonly kind: 'points'
  readonly patches: readonly string[]
  readonly variants: readonly string[]
  /** Each with the index of its variant. */
  readonly tasks: readonly (readonly [variant: number, point: TestPoint])[]
  readonly detail: boolean
  readonly exploring: Exploring
  /** Of each task, who has taken it; 0: nobody. */
  readonly taken: Int32Array
  /** Its number, from 1. */
  readonly worker: number
}

/** What it tells of a task. */
export type PointDone = readonly [task: number, seen: Observation | Error]

/** Takes the tasks that nobody has taken, one after another. */
export function* take(taken: Int32Array, worker: number, tasks: Iterable<number>): Generator<number, undefined> {
  for (const task of tasks) if (Atomics.compareExchange(taken, task, 0, worker) === 0) yield task
  return undefined
}

/** All tasks, those with races first. */
export function racesFirst(points: readonly TestPoint[]): number[] {
  const isRace = points.map(({ steps }) => steps.some(({ verb }) => verb === 'race'))
  const tasks = [...points.keys()]
  return [...tasks.filter(task => isRace[task]), ...tasks.filter(task => !isRace[task])]
}

/**
 * Milliseconds that a run of few points takes before it gets helpers: most are over sooner than a helper has started.
 */
const ALONE = 100
/** So many take longer than that in any case. */
const MANY = 200

/** The number of this thread among those that take points. */
const SELF = -1

const helper = new URL('./worker.js', import.meta.url)

/**
 * Starts helpers, which load what they need while there is no work for them yet. Nobody waits for one that gets none.
 */
export function readyHelpers(count: number): Worker[] {
  return Array.from({ length: count }, () => {
    const worker = new Worker(helper)
    worker.unref()
    return worker
  })
}

export class SpreadPoints {
  /** One for each that was asked; to be run in this order. */
  readonly engines: readonly Engine[]
  readonly #how: HowToSpread
  readonly #tasks: readonly { readonly engine: Engine; readonly variant: number; readonly point: TestPoint }[]
  readonly #seen: (Observation | Error | undefined)[] = []
  readonly #taken: Int32Array
  readonly #mine: Iterator<number, undefined>
  readonly #workers: Worker[] = []
  readonly #closed = new AbortController()
  #wake = (): void => {}

  constructor(asked: readonly Asked[], how: HowToSpread) {
    this.#how = how
    this.#tasks = asked.flatMap(({ engine, points }, variant) => points.map(point => ({ engine, variant, point })))
    this.#taken = new Int32Array(new SharedArrayBuffer(4 * this.#tasks.length))
    this.#mine = take(this.#taken, SELF, this.#tasks.keys())
    const indices = new Map(this.#tasks.map(({ point }, i) => [point, i]))
    this.engines = asked.map(({ engine }) => ({
      kind: engine.kind,
      subject: engine.subject,
      run: points => this.#run(points.map(point => indices.get(point)!)),
    }))
    pause(this.#tasks.length < MANY && how.ready === undefined ? ALONE : 0, undefined, {
      signal: this.#closed.signal,
    }).then(
      () => this.#start(asked.map(({ engine }) => engine.subject.name)),
      () => {},
    )
    how.signal.addEventListener('abort', () => {
      for (const worker of this.#workers) worker.postMessage('abort')
    })
  }

  /** Nothing more is wanted. */
  async close(): Promise<void> {
    this.#closed.abort()
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }

  async *#run(tasks: readonly number[]): AsyncGenerator<Observation> {
    for (const task of tasks) {
      const seen = await this.#outcome(task)
      this.#seen[task] = undefined
      if (seen === undefined) return
      if (seen instanceof Error) throw seen
      yield seen
    }
  }

  /** What came of a task; does others until it is known. Undefined: nobody has begun it, and it is no longer wanted. */
  async #outcome(task: number): Promise<Observation | Error | undefined> {
    while (this.#seen[task] === undefined) {
      const next = this.#how.signal.aborted ? undefined : this.#mine.next().value
      if (next !== undefined) {
        this.#seen[next] = await this.#do(next)
        await turn()
      } else if (this.#how.signal.aborted && Atomics.load(this.#taken, task) === 0) return undefined
      else await new Promise<void>(resolve => (this.#wake = resolve))
    }
    return this.#seen[task]
  }

  async #do(task: number): Promise<Observation | Error> {
    const { engine, point } = this.#tasks[task]!
    try {
      for await (const seen of engine.run([point], this.#how)) return seen
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
    return new Error('the engine gave no observation')
  }

  #start(variants: readonly string[]): void {
    const { jobs, patches, detail, exploring, ready = readyHelpers(jobs - 1) } = this.#how
    const tasks = this.#tasks.map(({ variant, point }) => [variant, point] as const)
    for (let worker = 1; worker < jobs; worker++) {
      const work: PointsToDo = {
        kind: 'points',
        patches,
        variants,
        tasks,
        detail,
        exploring,
        taken: this.#taken,
        worker,
      }
      const thread = ready[worker - 1]!
      thread.ref()
      thread.postMessage(work)
      let reason = 'it ended without a word'
      thread.on('message', ([task, seen]: PointDone) => this.#done(task, seen))
      thread.on('error', error => {
        reason = error.message
      })
      thread.on('exit', () => this.#lost(worker, reason))
      this.#workers.push(thread)
    }
  }

  /** A worker has gone: what it had taken and not told of will not come. */
  #lost(worker: number, reason: string): void {
    for (let task = 0; task < this.#tasks.length; task++) {
      if (this.#taken[task] === worker && !(task in this.#seen))
        this.#done(task, new Error(`a worker has died: ${reason}`))
    }
  }

  #done(task: number, seen: Observation | Error): void {
    this.#seen[task] = seen
    this.#wake()
  }
}
