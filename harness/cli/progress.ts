// One status line on stderr, ten times a second at most, only if stderr is a terminal.

const every = 100
const erase = '\r\x1b[K'

export class Progress {
  readonly #total: number
  readonly #shown = process.stderr.isTTY === true
  #done = 0
  #last = 0
  #onScreen = false

  constructor(total: number) {
    this.#total = total
  }

  /** One more point has ended. */
  step(name: string): void {
    this.#done++
    const now = Date.now()
    if (!this.#shown || now - this.#last < every) return
    this.#last = now
    const line = `${this.#done}/${this.#total} ${name}`
    process.stderr.write(erase + line.slice(0, (process.stderr.columns || 80) - 1))
    this.#onScreen = true
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#onScreen) process.stderr.write(erase)
    this.#onScreen = false
  }
}
