// What a device holds: frames, one reference each, and the promise under which it took them.

import type { Finding } from '../engine.ts'
import { type Mm, type Page, page } from '../model/mm/mm_types.ts'
import { cachedAt, mapAt } from './look.ts'

/** What may change of a pin while it is held. */
export interface PinState {
  readonly name: string
  readonly written: boolean
  /** For which pages the promise holds. */
  readonly held: readonly number[] | undefined
}

/** A pin. `longterm` promises that the process goes on mapping the same frames until it itself gives up the address. */
export class Pin {
  readonly name: string
  readonly mm: Mm
  readonly process: string
  /** Where the process mapped the first page, in base pages. */
  readonly addr: number
  readonly pages: readonly Page[]
  readonly access: 'read' | 'write'
  /** Whether the device wrote. */
  written = false
  /** One for each page for which the promise still holds; undefined: nothing was promised. */
  private readonly held: Uint8Array | undefined

  constructor(
    name: string,
    process: string,
    mm: Mm,
    addr: number,
    pages: readonly Page[],
    hold: string,
    access: 'read' | 'write',
  ) {
    this.name = name
    this.process = process
    this.mm = mm
    this.addr = addr
    this.pages = pages
    this.access = access
    this.held = hold === 'longterm' ? new Uint8Array(pages.length).fill(1) : undefined
  }

  /** The process itself gave up these pages: unmapped, moved, dropped, or exited. */
  endContract(from: number, to: number): void {
    this.held?.fill(0, Math.max(0, from), Math.max(0, to))
  }

  state(): PinState {
    return { name: this.name, written: this.written, held: this.held && [...this.held] }
  }

  /** What another saw of the same pin: written if either says so, promised if both do. */
  meet(other: PinState): void {
    this.written ||= other.written
    other.held?.forEach((held, i) => {
      if (held === 0) this.endContract(i, i + 1)
    })
  }

  copy(): Pin {
    const { name, process, mm, addr, pages, access, written } = this
    const pin = new Pin(name, process, mm, addr, pages, this.held === undefined ? 'get' : 'longterm', access)
    pin.written = written
    pin.meet(this.state())
    return pin
  }

  /** The first page at which the device and the page table of the process part. */
  *stale(): Generator<Finding> {
    const { held, pages } = this
    if (held === undefined) return
    for (let i = 0, end = 0; i < pages.length; i = end) {
      const mapped = mapAt(this.mm, this.addr + i)
      end = Math.min(pages.length, i + mapped.pages)
      // Swapped out, but in the swap cache: the next touch finds it.
      const first = mapped.by === 'swap' ? cachedAt(this.mm, this.addr + i) : mapped.frame
      for (let j = i, frame: number = first; j < end; j++, frame += page.SIZE) {
        if (held[j] === 0 || pages[j] === frame) continue
        const text = `page ${j} of pin ${this.name}: the device holds a frame that ${this.process} no longer maps there`
        yield { anomaly: 'stale-dma', text }
        return
      }
    }
  }
}
