// The names that a case has made so far, and who is alive: what words are read against.
//
// Ranges, frames, files and segments share one set of names; processes have their own. The loader opens a scope for
// each combination of a matrix, declares what each step makes, and closes rounds of `repeat`.

import { didYouMean } from './nearest.ts'
import { BadWord, quoted } from './word.ts'

/** What a name of a case may stand for, beside a process. */
export type NamedKind = 'range' | 'frames' | 'file' | 'segment'

/** A named piece of virtual memory, named frames, a file or a segment of shared memory; `size` in bytes. */
export interface Named {
  readonly kind: NamedKind
  readonly name: string
  readonly size: number
  /** How far its start lies behind the start of the first name for this memory: where `seed(7)` counts from. */
  readonly base: number
  /** Bytes in one of its huge pages. */
  readonly huge: number
  /** Bytes in one of its pages: a huge page of hugetlb is one. */
  readonly page: number
  /** The process that made it. */
  readonly maker: string
  /** Of frames under a pin: what the device may do. */
  readonly pinned?: 'read' | 'write' | undefined
  /** Frames that somebody has taken off the LRU. */
  readonly isolated?: boolean | undefined
}

export class Scope {
  readonly #named = new Map<string, Named>()
  readonly #processes = new Map<string, 'alive' | 'gone'>([['main', 'alive']])
  /** Names that a step with a problem would have made: nothing more is said of them. */
  readonly #doubtful = new Set<string>()
  /** Names that other threads of the same race have given, and which thread. */
  readonly #elsewhere = new Map<string, string>()

  /** The same names, to go on from without changing these. */
  clone(): Scope {
    const scope = new Scope()
    for (const [name, named] of this.#named) scope.#named.set(name, named)
    for (const [name, state] of this.#processes) scope.#processes.set(name, state)
    for (const name of this.#doubtful) scope.#doubtful.add(name)
    return scope
  }

  /** In a race: another thread has made this name, and it means nothing here. */
  madeElsewhere(name: string, thread: string): void {
    this.#elsewhere.set(name, thread)
  }

  /** After a race: the processes that a thread has ended are gone for all, and so are the pins that it let go. */
  endWhatEndedIn(thread: Scope): void {
    for (const name of this.#processes.keys()) if (this.isAlive(name) && !thread.isAlive(name)) this.end(name)
    for (const name of this.#named.keys()) if (this.isPinned(name) && !thread.isPinned(name)) this.unpin(name)
  }

  /** The range, the frames, the file or the segment of this name. */
  find(name: string, kind: NamedKind): Named {
    const named = this.#named.get(name)
    if (named?.kind === kind) return named
    if (this.#doubtful.has(name)) throw new BadWord('FOLLOWS', '')
    if (named !== undefined) throw new BadWord('UNKNOWN_NAME', `"${name}" names ${a(named.kind)}, not ${a(kind)}`)
    this.#refuseElsewhere('UNKNOWN_NAME', name)
    const known = [...this.#named.values()].filter(other => other.kind === kind).map(other => other.name)
    throw new BadWord('UNKNOWN_NAME', `${no(kind)} named ${quoted(name)} up to here${didYouMean(name, known)}`)
  }

  /** Whether the name is that of frames; said only of what `find` would find. */
  areFrames(name: string): boolean {
    return this.#named.get(name)?.kind === 'frames'
  }

  named(name: string): Named | undefined {
    return this.#named.get(name)
  }

  /** How far `name` lies behind the start of the first name for its memory. */
  base(name: string): number {
    return this.#named.get(name)?.base ?? 0
  }

  /** The name of a process that can still act. */
  alive(name: string): string {
    const state = this.#processes.get(name)
    if (state === 'alive') return name
    if (this.#doubtful.has(name)) throw new BadWord('FOLLOWS', '')
    if (state === 'gone') throw new BadWord('UNKNOWN_NAME', `process "${name}" has exited`)
    this.#refuseElsewhere('UNKNOWN_NAME', name)
    const known = [...this.#processes.keys()]
    throw new BadWord('UNKNOWN_NAME', `no process is named ${quoted(name)} up to here${didYouMean(name, known)}`)
  }

  isAlive(name: string): boolean {
    return this.#processes.get(name) === 'alive'
  }

  /** Refuses a name for memory that is taken. */
  free(name: string): void {
    const taken = this.#named.get(name)
    if (taken !== undefined) throw new BadWord('NAME_TAKEN', `"${name}" already names ${a(taken.kind)}`)
    this.#refuseElsewhere('NAME_TAKEN', name)
  }

  /** Refuses a name for a process that is taken; that of one that has exited may be given again. */
  freeProcess(name: string): void {
    if (this.isAlive(name)) throw new BadWord('NAME_TAKEN', `there is a process "${name}" already`)
    this.#refuseElsewhere('NAME_TAKEN', name)
  }

  #refuseElsewhere(code: 'UNKNOWN_NAME' | 'NAME_TAKEN', name: string): void {
    const thread = this.#elsewhere.get(name)
    if (thread !== undefined)
      throw new BadWord(code, `"${name}" is made by the thread ${thread}, and is a name only there`)
  }

  name(named: Named): void {
    this.#named.set(named.name, named)
    this.#doubtful.delete(named.name)
  }

  forget(name: string): void {
    this.#named.delete(name)
  }

  begin(process: string): void {
    this.#processes.set(process, 'alive')
    this.#doubtful.delete(process)
  }

  end(process: string): void {
    this.#processes.set(process, 'gone')
  }

  isPinned(name: string): boolean {
    return this.#named.get(name)?.pinned !== undefined
  }

  unpin(name: string): void {
    const named = this.#named.get(name)
    if (named !== undefined) this.#named.set(name, { ...named, pinned: undefined })
  }

  doubt(name: string): void {
    if (!this.#named.has(name) && !this.#processes.has(name)) this.#doubtful.add(name)
  }
}

/** Base pages are 4K on every machine of a case. */
export const PAGE = 4096

/** What the words of one step are read against. */
export interface Context {
  readonly scope: Scope
  /** Bytes in the huge page that H means. */
  readonly huge: number
  /** Bytes in a transparent huge page. */
  readonly thp: number
  readonly nodes: number
  /** The process that does the step. */
  readonly by: string
  /** Names that this step has given already. */
  readonly fresh: Set<string>
}

let current: Context | undefined

/** Reads words against `context`. zod hands nothing from `parse` down to a transform, so it stands here meanwhile. */
export function within<T>(context: Context, read: () => T): T {
  const outer = current
  current = context
  try {
    return read()
  } finally {
    current = outer
  }
}

/** What the word at hand is read against. */
export function context(): Context {
  if (current === undefined) throw new Error('a word is read outside of a step')
  return current
}

function a(kind: NamedKind): string {
  return kind === 'frames' ? 'frames' : `a ${kind}`
}

function no(kind: NamedKind): string {
  return kind === 'frames' ? 'no frames are' : `no ${kind} is`
}
