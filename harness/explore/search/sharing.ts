// Which steps nobody else can notice: steps on bits that no other thread, from where it stands, may still touch in a
// way that conflicts, or that one lock guards at every access. Such a step, alone, is a persistent set (Godefroid,
// "Partial-Order Methods", 1996): whatever the others do before it, they could as well do after it. So it needs no
// choice and is taken at once.
//
// What a thread may still touch is read off its trie: the trie is cut into regions, and each knows what is touched in
// it and in all that follow. Learned while searching, and it only ever grows; a search whose decisions it overtakes is
// done again. Bits of a cell are told apart, for a page's flags are many: each cell is a partition of its bits, refined
// as accesses come.

import { Op } from '../../model/effects.ts'
import { LockSets } from './locksets.ts'
import { isAccess, Kind, type Trie } from './trie.ts'

/** How bits may be touched. */
const READ = 1
const WRITE = 2
const ACQUIRE = 4
const RELEASE = 8
const ALL = 15

/** How the op of a node touches its bits. */
export function touchOf(kind: number): number {
  switch (kind) {
    case Kind.PLAIN_READ:
    case Op.READ:
    case Op.WAIT_CLEAR:
    case Op.WAIT_CHANGE:
      return READ
    case Op.LOCK:
    case Op.DOWN_READ:
    case Op.DOWN_WRITE:
    case Op.BIT_LOCK:
      return ACQUIRE
    case Op.TRYLOCK:
    case Op.DOWN_WRITE_TRYLOCK:
    case Op.BIT_TRYLOCK:
      return READ | ACQUIRE
    case Op.UNLOCK:
    case Op.UP_READ:
    case Op.UP_WRITE:
    case Op.BIT_UNLOCK:
      return RELEASE
    default:
      return WRITE
  }
}

/**
 * What others may not do for a step to go unnoticed. A release only lets others in, who could do nothing before it (a
 * left mover: Lipton, "Reduction", 1975), unless they look at the lock without waiting for it; who can acquire does not
 * meet a release.
 */
export function conflictsOf(touch: number): number {
  if (touch === READ) return WRITE | ACQUIRE | RELEASE
  if (touch === ACQUIRE) return READ | WRITE | ACQUIRE
  if (touch === RELEASE) return READ | WRITE
  return ALL
}

interface Bits {
  readonly id: number
  mask: number
  /** Locks held at every access so far; of writes only exclusive ones count. -1: none so far. */
  locks: number
  /** A decision was made on the ground of `locks`. */
  onLocks: boolean
}

/** The bits of its cell that a node reads or writes. */
export function maskOf(trie: Trie, n: number): number {
  switch (trie.kind[n]) {
    case Kind.PLAIN_READ:
    case Op.READ:
    case Op.WAIT_CLEAR:
    case Op.BIT_LOCK:
    case Op.BIT_UNLOCK:
    case Op.BIT_TRYLOCK:
    case Op.SET:
    case Op.CLEAR:
    case Op.TEST_AND_SET:
    case Op.TEST_AND_CLEAR:
      return trie.a[n]!
    default:
      return -1
  }
}

/** Whether a node of this kind may change its bits. */
export const isWrite = (kind: number): boolean => touchOf(kind) !== READ

/** So many regions tell three other threads' places in one exact number. */
const REGIONS = 2 ** 17

export class Sharing {
  /** How often something was learned by which a decision that was made since `begin` no longer holds. */
  overtaken = 0
  readonly #trie: Trie
  readonly #cells = new Map<number, Bits[]>()
  readonly #parts: Bits[] = []
  /** The partition of the cell that a node touches. */
  readonly #at: (readonly Bits[] | undefined)[] = []
  /** Of each part the last place along a branch from where on it is touched in a way, or 0. */
  readonly #futures: Ways = []
  /** The first place along a branch where a decision said that a part will not be touched in a way, or 0. */
  #relied: Ways = []
  /** Of a branch: regions that lead to a place along it, whose histories came where another had been. */
  readonly #joined: (Joint[] | undefined)[] = []

  /** Changes with whatever may change an answer of isPrivate. */
  #learned = 1
  /** The last answer for a node: for which places of the others, and as of when; negative: no. */
  readonly #asked: number[] = []
  readonly #answered: number[] = []

  constructor(trie: Trie) {
    this.#trie = trie
  }

  /** From here on all is decided anew, on the ground of what is known by now. */
  begin(): void {
    this.overtaken = 0
    this.#learned++
    this.#relied = []
    for (const part of this.#parts) part.onLocks = false
  }

  /** Takes note of what a node does. */
  note(n: number): void {
    const kind = this.#trie.kind[n]!
    if (kind === Kind.MARK) {
      this.#join(n)
      return
    }
    if (!isAccess(kind)) return
    let parts = this.#cells.get(this.#trie.cell[n]!)
    if (parts === undefined) {
      parts = []
      this.#cells.set(this.#trie.cell[n]!, parts)
    }
    this.#at[n] = parts
    let rest = maskOf(this.#trie, n)
    for (let i = 0, { length } = parts; i < length && rest !== 0; i++) {
      const part = parts[i]!
      const common = part.mask & rest
      if (common === 0) continue
      if (common !== part.mask) this.#split(parts, part, common)
      this.#touch(part, n)
      rest &= ~common
    }
    if (rest !== 0) this.#touch(this.#part(parts, { mask: rest, locks: -1, onLocks: false }), n)
  }

  /** Whether no other thread, `at` these nodes, can notice what thread `t` does at node `n`, nor when. */
  isPrivate(t: number, at: Int32Array, n: number): boolean {
    const parts = this.#at[n]
    if (parts === undefined) return true
    const where = this.#whereOthersAre(t, at)
    const answered = this.#answered[n]
    if (this.#asked[n] === where && (answered === this.#learned || answered === -this.#learned)) return answered > 0
    const answer = this.#decide(t, at, n, parts)
    this.#asked[n] = where
    this.#answered[n] = answer ? this.#learned : -this.#learned
    return answer
  }

  /** One number for the regions of the others; NaN, which equals nothing, where they are too many for one. */
  #whereOthersAre(t: number, at: Int32Array): number {
    const { region, branch } = this.#trie
    let where = 0
    for (let u = 0; u < at.length; u++) if (u !== t) where = where * REGIONS + region[at[u]!]!
    return where <= Number.MAX_SAFE_INTEGER && branch.length <= REGIONS ? where : Number.NaN
  }

  #decide(t: number, at: Int32Array, n: number, parts: readonly Bits[]): boolean {
    const mask = maskOf(this.#trie, n)
    const conflicts = conflictsOf(touchOf(this.#trie.kind[n]!))
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      if ((part.mask & mask) === 0 || this.#isFree(part, t, at, conflicts)) continue
      if (part.locks === LockSets.none) return false
      part.onLocks = true
    }
    return true
  }

  /** Whether none of the others will touch these bits in one of the ways `conflicts`. */
  #isFree({ id }: Bits, t: number, at: Int32Array, conflicts: number): boolean {
    const { region } = this.#trie
    for (let u = 0; u < at.length; u++) {
      if (u !== t && (this.#futureIn(id, region[at[u]!]!) & conflicts) !== 0) return false
    }
    for (let u = 0; u < at.length; u++) if (u !== t) this.#rely(id, region[at[u]!]!, conflicts)
    return true
  }

  /** The ways in which a part is touched from a region on. */
  #futureIn(id: number, region: number): number {
    const row = this.#futures[id]
    const first = 4 * this.#trie.branch[region]!
    if (row === undefined || first >= row.length) return 0
    const along = this.#trie.along[region]!
    let ways = 0
    for (let i = 0; i < 4; i++) if (row[first + i]! >= along) ways |= 1 << i
    return ways
  }

  /** From a region on a part will not be touched in these ways. */
  #rely(id: number, region: number, ways: number): void {
    const first = 4 * this.#trie.branch[region]!
    const row = rowOf(this.#relied, id, first)
    const along = this.#trie.along[region]!
    for (let i = 0; i < 4; i++) {
      const known = row[first + i]!
      if ((ways & (1 << i)) !== 0 && (known === 0 || known > along)) row[first + i] = along
    }
  }

  #part(parts: Bits[], bits: Omit<Bits, 'id'>): Bits {
    const part = { id: this.#parts.length, ...bits }
    this.#parts.push(part)
    parts.push(part)
    return part
  }

  /** Part `part` keeps the bits `common`; the others become a part that was touched in the same way. */
  #split(parts: Bits[], part: Bits, common: number): void {
    this.#learned++
    const other = this.#part(parts, { ...part, mask: part.mask & ~common })
    part.mask = common
    for (const table of [this.#futures, this.#relied]) {
      const row = table[part.id]
      if (row !== undefined) table[other.id] = row.slice()
    }
  }

  #touch(part: Bits, n: number): void {
    const trie = this.#trie
    const touch = touchOf(trie.kind[n]!)
    const locks = touch === READ ? trie.held[n]! : trie.owned[n]!
    const common = part.locks === -1 ? locks : trie.locks.meet(part.locks, locks)
    if (common !== part.locks) {
      part.locks = common
      this.#learned++
    }
    if (common === LockSets.none && part.onLocks) this.overtaken++
    this.#spread(trie.region[n]!, part.id, touch)
  }

  /** A part is touched in a region, and so in the future of all that lead there. */
  #spread(first: number, id: number, ways: number): void {
    const { branch, along, branchFrom } = this.#trie
    for (let region = first; region !== -1; region = branchFrom[branch[region]!]!) {
      let news = 0
      for (let i = 0; i < 4; i++)
        if ((ways & (1 << i)) !== 0 && this.#reach(id, branch[region]!, i, along[region]!)) news |= 1 << i
      if (news === 0) return
    }
  }

  /** A part is touched in way `i` up to a place along a branch; false if that was known. */
  #reach(id: number, branch: number, i: number, along: number): boolean {
    const at = 4 * branch + i
    const row = rowOf(this.#futures, id, at)
    const before = row[at]!
    if (before >= along) return false
    row[at] = along
    this.#learned++
    const relied = this.#relied[id]?.[at] ?? 0
    if (relied > before && relied <= along) this.overtaken++
    const joined = this.#joined[branch]
    if (joined !== undefined)
      for (const joint of joined) if (joint.along > before && joint.along <= along) this.#spread(joint.from, id, 1 << i)
    return true
  }

  /** A history comes to a place where another has been: that one's future is its own. */
  #join(mark: number): void {
    const { child, region, branch, along } = this.#trie
    const place = child[mark]!
    if (place === 0) return
    const [from, to] = [region[mark]!, region[place]!]
    const joint = { along: along[to]!, from }
    const joined = this.#joined[branch[to]!]
    if (joined === undefined) this.#joined[branch[to]!] = [joint]
    else joined.push(joint)
    for (const { id } of this.#parts) {
      const ways = this.#futureIn(id, to)
      if (ways !== 0) this.#spread(from, id, ways)
    }
  }
}

/** Regions that lead to a place along a branch. */
interface Joint {
  readonly along: number
  readonly from: number
}

/** By part, then by branch and, of four, by way: a place along the branch. */
type Ways = Uint16Array[]

/** The row of a part, long enough for a place in it. */
function rowOf(table: Ways, id: number, at: number): Uint16Array {
  const row = table[id]
  if (row !== undefined && at < row.length) return row
  const longer = new Uint16Array(Math.max(16, 2 * (at & ~3)))
  if (row !== undefined) longer.set(row)
  table[id] = longer
  return longer
}
