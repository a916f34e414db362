// The search of a race with helpers. This thread makes the whole search itself, and what it says is what it would say
// alone: helpers only spare it what one of them has come through, and it adds the ends that they have met there. Of an
// end that several ways lead to another may be met first, so its schedule may be another.
//
// Whether a decision to take steps at once holds is known when all that threads may touch is known (sharing.ts). So
// after each pass everybody learns what anyone has learned; if then a decision of anyone falls, all is searched again.

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import type { Crew } from '../search/exhaustive.ts'
import { Listener, Teller } from '../search/learned.ts'
import type { Machine } from '../search/machine.ts'
import type { AtEnd } from '../search/strategy.ts'
import type { States } from '../search/visited.ts'
import { isNewEnd } from './helper.ts'
import { begun, Control, type FromHelper, type Line, offered, receive, send, type ToHelper, takenBack } from './line.ts'
import { MOST_WORKERS, type Shared, SharedStates, sharedMemory } from './table.ts'

/** MiB of states where nothing else is said; memory that no state has come to is not touched. */
export const USUAL_MEMORY = 1400
const ENDS_MEMORY = 64

/** Milliseconds between looks whether a helper that is waited for still lives. */
const PATIENCE = 5

/** The thread of a helper; it is told on its `exit` that it has gone. */
export type Thread = Pick<Worker, 'once' | 'terminate'>

interface Helper {
  readonly thread: Thread
  readonly port: MessagePort
  readonly worker: number
  gone: boolean
  teller: Teller | undefined
  listener: Listener | undefined
}

export class Helpers implements Crew {
  readonly #control = new Int32Array(new SharedArrayBuffer(4 * (Control.HELPER + MOST_WORKERS)))
  readonly #helpers: Helper[] = []
  /** MiB of states. */
  readonly memory: number
  #pass = 0
  #ends: Shared = sharedMemory(ENDS_MEMORY)

  /** `jobs` threads, this one included; `hire` starts the thread at the other end of a line. */
  constructor(jobs: number, memory: number, hire: (line: Line) => Thread) {
    this.memory = memory
    for (let worker = 1; worker < Math.min(jobs, MOST_WORKERS); worker++) {
      const { port1, port2 } = new MessageChannel()
      const thread = hire({ port: port2, control: this.#control, worker })
      const helper: Helper = { thread, port: port1, worker, gone: false, teller: undefined, listener: undefined }
      thread.once('exit', () => {
        helper.gone = true
      })
      this.#helpers.push(helper)
    }
  }

  begin(machine: Machine): States {
    const pass = ++this.#pass
    const states = sharedMemory(this.memory)
    for (const helper of this.#helpers) {
      helper.teller ??= new Teller(machine)
      Atomics.store(this.#control, Control.HELPER + helper.worker, offered(pass))
      this.#send(helper, { kind: 'pass', pass, news: helper.teller.news(), states, ends: this.#ends })
    }
    return new SharedStates(states, 0)
  }

  *end(machine: Machine, atEnd: AtEnd): Generator<void, boolean> {
    Atomics.store(this.#control, Control.OVER, this.#pass)
    let isVoid = false
    const ways: Uint8Array[] = []
    const working: Helper[] = []
    for (const helper of this.#helpers) {
      if (!this.#hasBegun(helper)) continue
      const told = yield* this.#answer(helper, 'told')
      if (told === undefined) {
        // What it has marked as gone through is not known to us.
        isVoid = true
        this.#ends = sharedMemory(ENDS_MEMORY)
        continue
      }
      helper.listener ??= new Listener(machine)
      helper.listener.learn(told.news)
      ways.push(...told.ends)
      working.push(helper)
    }
    for (const helper of working) this.#send(helper, { kind: 'learn', news: helper.teller!.news() })
    for (const helper of working) {
      const learned = yield* this.#answer(helper, 'learned')
      if (learned?.overtaken !== false) isVoid = true
    }
    for (const way of ways) {
      for (const thread of way) machine.step(thread)
      atEnd(machine)
      machine.back(0)
      yield
    }
    return isVoid || machine.sharing.overtaken > 0
  }

  /** An end that this thread has come to need not be told by a helper. */
  met(machine: Machine): void {
    isNewEnd(new SharedStates(this.#ends, 0), machine)
  }

  close(): void {
    for (const helper of this.#helpers) {
      this.#send(helper, { kind: 'close' })
      helper.port.close()
      helper.thread.terminate()
    }
  }

  #send({ port }: Helper, message: ToHelper): void {
    send(port, this.#control, Control.HELPER_BELL, message)
  }

  /** Whether a helper is in the pass; one that has not yet begun it does not any more. */
  #hasBegun({ worker }: Helper): boolean {
    const [pass, at] = [this.#pass, Control.HELPER + worker]
    return Atomics.compareExchange(this.#control, at, offered(pass), takenBack(pass)) === begun(pass)
  }

  /** What a helper says; undefined: it has gone. */
  *#answer<K extends FromHelper['kind']>(
    helper: Helper,
    kind: K,
  ): Generator<void, (FromHelper & { kind: K }) | undefined> {
    for (;;) {
      const { gone } = helper
      const message = receive<FromHelper>(helper.port, this.#control, Control.MAIN_BELL, PATIENCE)
      if (message?.kind === 'failed') throw new Error(`a worker has failed: ${message.reason}`)
      if (message?.kind === kind) return message as FromHelper & { kind: K }
      if (gone && message === undefined) return undefined
      yield
    }
  }
}
