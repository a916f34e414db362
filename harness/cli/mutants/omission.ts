// What Stryker's own mutators are not made for: statements and locks left out, and addresses of fields.

import type { Ignorer } from '@stryker-mutator/api/ignore'

/** As much of Babel's tree as we look at. */
interface Node {
  readonly type: string
  readonly operator?: string
  readonly computed?: boolean
  readonly right?: Node
  readonly expression?: Node
  readonly callee?: Node
  readonly name?: string
  readonly id?: { readonly name: string }
  readonly property?: Node
  readonly arguments?: readonly Node[]
  readonly body?: readonly Node[]
  readonly loc?: { readonly start: Place; readonly end: Place }
}

interface Place {
  readonly line: number
  readonly column: number
}

interface Path {
  readonly node: Node
  readonly parent: Node
}

interface Mutator {
  readonly name: string
  mutate(path: Path): Iterable<Node>
}

/** Leaves one statement out: a reference not put, a count not kept. */
const omission: Mutator = {
  name: 'Omission',
  *mutate({ node }) {
    if (node.type === 'ExpressionStatement') yield { type: 'EmptyStatement' }
  },
}

/**
 * Leaves a lock out, with its releases in the same function up to where it is taken again: one without the other is an
 * imbalance, which says nothing of what the lock is for. What goes from lock to lock in a loop is left out as a whole.
 * The new text begins with a comment that says which.
 */
const unlocked: Mutator = {
  name: 'Unlocked',
  *mutate({ node, parent }) {
    if (node.type !== 'BlockStatement' || parent.type !== 'FunctionDeclaration') return
    const calls = [...nodesIn(node, 'CallExpression')]
    const loops = [...nodesIn(node, 'BlockStatement')].flatMap(relocked)
    for (const taken of calls.filter(takes)) {
      const isSame = (call: Node) => calledBy(call) === calledBy(taken) && sameOperands(call, taken)
      const hasLoop = loops.some(isSame)
      if (hasLoop && calls.find(isSame) !== taken) continue
      const after = calls.slice(calls.indexOf(taken) + 1)
      const again = hasLoop ? -1 : after.findIndex(isSame)
      const until = after.slice(0, again < 0 ? undefined : again)
      const dropped = [taken, ...until.filter(call => isSame(call) || releases(call, taken))]
      const { start, end } = taken.loc!
      const value = `${start.line}:${start.column + 1}-${end.column + 1} ${parent.id!.name}`
      const comment = { type: 'CommentBlock', value }
      yield { ...without(node, new Set(dropped)), leadingComments: [comment] } as Node
    }
  },
}

/** Locks that a block takes after it has let go of the same. */
function relocked({ body }: Node): Node[] {
  const calls = (body ?? []).flatMap(({ expression }) => (expression?.type === 'CallExpression' ? [expression] : []))
  return calls.filter((call, i) => calls.slice(0, i).some(before => releases(before, call)))
}

/** What takes a lock, and what lets go of it. */
const unlockOf: Readonly<Record<string, string>> = {
  spin_lock: 'spin_unlock',
  spin_trylock: 'spin_unlock',
  local_lock: 'local_unlock',
  lock_page: 'unlock_page',
  trylock_page: 'unlock_page',
  compound_lock: 'compound_unlock',
  anon_vma_lock_read: 'anon_vma_unlock_read',
  anon_vma_lock_write: 'anon_vma_unlock_write',
  down_read: 'up_read',
  down_write: 'up_write',
  down_write_trylock: 'up_write',
  rcu_read_lock: 'rcu_read_unlock',
}

const takes = (call: Node): boolean => Object.hasOwn(unlockOf, calledBy(call))

const releases = (call: Node, taken: Node): boolean =>
  takes(taken) && calledBy(call) === unlockOf[calledBy(taken)] && sameOperands(call, taken)

/** What of some type a function has, wherever in it, in the order of its text. */
function* nodesIn(node: unknown, type: string): Generator<Node> {
  if (typeof node !== 'object' || node === null) return
  if ((node as Node).type === type) yield node as Node
  for (const [key, value] of Object.entries(node)) if (!places.has(key)) yield* nodesIn(value, type)
}

/** `spin_lock` of `spin_lock(…)` and of `k.spin_lock(…)`. */
function calledBy({ callee }: Node): string {
  return callee!.name ?? callee!.property?.name ?? ''
}

function sameOperands(one: Node, other: Node): boolean {
  return textOf(one.arguments) === textOf(other.arguments)
}

function textOf(node: unknown): string {
  return JSON.stringify(node, (key, value) => (places.has(key) ? undefined : value))
}

/** A copy of a tree in which some calls do nothing and give true. */
function without<T>(node: T, dropped: ReadonlySet<unknown>): T {
  if (Array.isArray(node)) return node.map(one => without(one, dropped)) as T
  if (typeof node !== 'object' || node === null) return node
  if (dropped.has(node)) return { type: 'BooleanLiteral', value: true } as T
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, without(value, dropped)])) as T
}

/** What of a node only says where it stood. */
const places = new Set(['loc', 'start', 'end', 'range', 'extra', 'leadingComments', 'trailingComments'])

/** Stryker has no kind of plugin for mutators; its list of them is one array. `locks`: nothing but locks left out. */
export async function addOmissions(locks: boolean): Promise<void> {
  const instrumenter = import.meta.resolve('@stryker-mutator/instrumenter')
  const list = (await import(new URL('mutators/mutate.js', instrumenter).href)) as { allMutators: Mutator[] }
  if (locks) list.allMutators.splice(0, Number.POSITIVE_INFINITY, unlocked)
  else list.allMutators.push(omission)
}

/** `page + page.flags` is how the model spells `page->flags`: no patch gets the plus wrong. */
export class FieldAddress implements Ignorer {
  shouldIgnore(path: object): string | undefined {
    const { type, operator, right } = (path as Path).node
    const address = type === 'BinaryExpression' && operator === '+' && right?.type === 'MemberExpression'
    return address && !right.computed ? 'the address of a field' : undefined
  }
}
