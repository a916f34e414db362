// A helper's part in the search of a race: the whole search, from the start, in another order of threads, but for what
// others have come through.

import { type Exhaustive, Search } from '../search/exhaustive.ts'
import { hashOf } from '../search/hash.ts'
import { Listener, Teller } from '../search/learned.ts'
import type { Machine } from '../search/machine.ts'
import { drain } from '../search/strategy.ts'
import { begun, Control, type FromHelper, type Line, offered, receive, send, type ToHelper } from './line.ts'
import { SharedStates } from './table.ts'

/** Helps until nobody wants it any more. */
export function help(machine: Machine, options: Exhaustive, line: Line): void {
  const { port, control } = line
  const tell = (message: FromHelper): void => send(port, control, Control.MAIN_BELL, message)
  try {
    new Helper(machine, options, line, tell).work()
  } catch (error) {
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
  }
}

class Helper {
  readonly #machine: Machine
  readonly #line: Line
  readonly #tell: (message: FromHelper) => void
  readonly #teller: Teller
  readonly #listener: Listener
  readonly #search: Search
  #pass = 0
  #known: SharedStates | undefined
  #ends: Uint8Array[] = []

  constructor(machine: Machine, options: Exhaustive, line: Line, tell: (message: FromHelper) => void) {
    this.#machine = machine
    this.#line = line
    this.#tell = tell
    this.#teller = new Teller(machine)
    this.#listener = new Listener(machine)
    const over = () => Atomics.load(line.control, Control.OVER) >= this.#pass
    const signal = {
      get aborted() {
        return over()
      },
    }
    this.#search = new Search(machine, () => this.#end(), { signal }, options)
  }

  work(): void {
    for (;;) {
      const message = this.#next()
      if (message.kind === 'close') return
      this.#listener.learn(message.news)
      if (message.kind === 'learn') this.#tell({ kind: 'learned', overtaken: this.#machine.sharing.overtaken > 0 })
      else if (this.#begins(message.pass)) this.#go(message)
    }
  }

  #next(): ToHelper {
    const { port, control } = this.#line
    for (;;) {
      const message = receive<ToHelper>(port, control, Control.HELPER_BELL, Number.POSITIVE_INFINITY)
      if (message !== undefined) return message
    }
  }

  #begins(pass: number): boolean {
    const { control, worker } = this.#line
    return Atomics.compareExchange(control, Control.HELPER + worker, offered(pass), begun(pass)) === offered(pass)
  }

  #go({ pass, states, ends }: ToHelper & { kind: 'pass' }): void {
    const { worker } = this.#line
    this.#pass = pass
    this.#known = new SharedStates(ends, worker)
    this.#ends = []
    this.#machine.sharing.begin()
    drain(this.#search.run(new SharedStates(states, worker), worker))
    this.#tell({ kind: 'told', news: this.#teller.news(), ends: this.#ends })
  }

  #end(): void {
    const machine = this.#machine
    if (!isNewEnd(this.#known!, machine)) return
    this.#ends.push(Uint8Array.from({ length: machine.depth }, (_, i) => machine.stepAt(i).thread))
  }
}

/** Whether nobody has come to this end before; it is known then. */
export function isNewEnd(known: SharedStates, { h1, h2, bug }: Machine): boolean {
  const [b1, b2] = hashOf(bug?.message ?? '')
  return known.add(h1 ^ b1, h2 ^ b2, false)
}
