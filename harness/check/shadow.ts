// A shadow of memory: who wrote what where, by process. It never says what is right (the case does);
// it gives wrong bytes their name.

import type { Range } from '../engine.ts'
import { type Content, differAt, type Run } from './content.ts'

/** One write; `content` is undefined where nobody knows the bytes. */
export interface Layer {
  readonly offset: number
  readonly length: number
  readonly content: Content | undefined
  /** Written through a pin. */
  readonly device: boolean
}

/** What one process has written to one mapping, oldest first; its child begins with the layers so far. */
interface History {
  readonly mapping: string
  readonly layers: Layer[]
}

/** Where a name leads: `offset` bytes into the mapping. After mremap two names share a history. */
interface View {
  readonly history: History
  readonly offset: number
  /** What is written here all see, whoever maps it. */
  readonly shared?: boolean
}

/** What wrong bytes turned out to be. */
export type Origin = 'older' | 'older-than-device' | 'of-another' | 'unknown'

export class Shadow {
  /** By process, then by the name of the range. */
  readonly #memory = new Map<string, Map<string, View>>()
  /** Every process's history of a mapping, also of those that have gone. */
  readonly #everyone = new Map<string, History[]>()
  /** What a file holds, or a segment. */
  readonly #files = new Map<string, History>()
  /** What the process that took a pin should see through it; it outlives the process. */
  readonly #pins = new Map<string, View | undefined>()

  /** A new mapping is zero. */
  map(process: string, name: string, size: number): void {
    this.#of(process).set(name, { history: this.#begin(name, []), offset: 0 })
    this.write(process, { of: name, offset: 0, length: size }, zero)
  }

  /** The same of memory that is shared: with children, and where it is of a file, with all who share that. */
  mapShared(process: string, name: string, size: number, file?: Place): void {
    const history = file === undefined ? this.#begin(name, []) : this.#file(file.name)
    this.#of(process).set(name, { history, offset: file?.offset ?? 0, shared: true })
    if (file === undefined) this.write(process, { of: name, offset: 0, length: size }, zero)
  }

  /** A private mapping of a file: as that is now, and what its process writes from then on. */
  mapFile(process: string, name: string, { name: file, offset }: Place): void {
    const { mapping, layers } = this.#file(file)
    this.#of(process).set(name, { history: this.#begin(mapping, layers), offset })
  }

  /** Bytes of a file are gone; `length` undefined: to its end. What is read there next, nobody has written. */
  cutFile(file: string, offset: number, length = Number.MAX_SAFE_INTEGER): void {
    put({ history: this.#file(file), offset: 0 }, { of: file, offset, length }, undefined, false)
  }

  /** From now on `name` is another name for `range`. */
  rename(process: string, { of, offset }: Piece, name: string): void {
    const view = this.#of(process).get(of)
    if (view !== undefined) this.#of(process).set(name, { ...view, offset: view.offset + offset })
  }

  fork(parent: string, child: string): void {
    const copies = new Map<History, History>()
    for (const [name, view] of this.#of(parent)) {
      const { history, offset, shared } = view
      if (shared) {
        this.#of(child).set(name, view)
        continue
      }
      const copy = copies.get(history) ?? this.#begin(history.mapping, history.layers)
      copies.set(history, copy)
      this.#of(child).set(name, { history: copy, offset })
    }
  }

  /** `bytes` undefined: something was written there, and nobody knows what. */
  write(process: string, piece: Piece, bytes: Run | undefined): void {
    put(this.#of(process).get(piece.of), piece, bytes, false)
  }

  /** A device writes: the process that took the pin should see it. */
  dmaWrite(piece: Piece, bytes: Run | undefined): void {
    put(this.#pins.get(piece.of), piece, bytes, true)
  }

  pin(process: string, { of, offset }: Piece, name: string): void {
    const view = this.#of(process).get(of)
    this.#pins.set(name, view && { ...view, offset: view.offset + offset })
  }

  unpin(name: string): void {
    this.#pins.delete(name)
  }

  isPin(name: string): boolean {
    return this.#pins.has(name)
  }

  /** Where `found` came from, which `process` read at `piece`; all of it differs from what was due. */
  originOfRead(process: string, piece: Piece, found: Run): Origin {
    return this.#origin(this.#of(process).get(piece.of), piece, found)
  }

  /** The same for a device that read pinned frames. */
  originOfDma(piece: Piece, found: Run): Origin {
    return this.#origin(this.#pins.get(piece.of), piece, found)
  }

  #origin(view: View | undefined, piece: Piece, bytes: Run): Origin {
    if (view === undefined) return 'unknown'
    const from = view.offset + piece.offset
    const found = { bytes, start: from }
    const says = (layer: Layer) => speaksAt(layer, from) && holds(layer, found, from, from + piece.length)
    const { mapping, layers } = view.history
    const mine = layers.filter(layer => speaksAt(layer, from))
    const newest = mine.pop()
    if (mine.some(says)) return newest?.device ? 'older-than-device' : 'older'
    const own = new Set(layers)
    const others = this.#everyone.get(mapping)?.flatMap(history => history.layers.filter(layer => !own.has(layer)))
    return others?.some(says) ? 'of-another' : 'unknown'
  }

  #of(process: string): Map<string, View> {
    let views = this.#memory.get(process)
    if (views === undefined) {
      views = new Map()
      this.#memory.set(process, views)
    }
    return views
  }

  #file(name: string): History {
    const known = this.#files.get(name) ?? this.#begin(`file ${name}`, [])
    this.#files.set(name, known)
    return known
  }

  #begin(mapping: string, layers: readonly Layer[]): History {
    const history = { mapping, layers: [...layers] }
    const all = this.#everyone.get(mapping)
    if (all === undefined) this.#everyone.set(mapping, [history])
    else all.push(history)
    return history
  }
}

/** A place in a file. */
export interface Place {
  readonly name: string
  readonly offset: number
}

export type Piece = Pick<Range, 'of' | 'offset' | 'length'>

const zero = { fill: 0 }

function put(view: View | undefined, { offset, length }: Piece, bytes: Run | undefined, device: boolean) {
  if (view === undefined) return
  const start = view.offset + offset
  view.history.layers.push({ offset: start, length, content: bytes && { bytes, start }, device })
}

function speaksAt({ offset, length }: Layer, at: number): boolean {
  return at >= offset && at < offset + length
}

/** Whether the layer says `found` from `from` on, as far as it reaches. */
function holds({ offset, length, content }: Layer, found: Content, from: number, to: number): boolean {
  return content !== undefined && differAt(content, found, from, Math.min(to, offset + length)) === undefined
}
