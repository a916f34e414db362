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
  readonly property?: Node
  readonly arguments?: readonly Node[]
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } }
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
 * Leaves a lock out, with all its releases in the same function: one without the other is an imbalance, which says
 * nothing of what the lock is for. The new text begins with a comment that says which.
 */
const unlocked: Mutator = {
  name: 'Unlocked',
  *mutate({ node, parent }) {
    if (node.type !== 'BlockStatement' || parent.type !== 'FunctionDeclaration') return
    const calls = [...callsIn(node)]
    for (const taken of calls) {
      const [release, ...more] = releasesOf(calledBy(taken))
      const dropped = calls.filter(call => {
        const name = calledBy(call)
        return sameOperands(call, taken) && (name === release || more.includes(name) || call === taken)
      })
      if (release === undefined || dropped.length < 2) continue
      const { line, column } = taken.loc!.start
      const value = `${line}:${column + 1} ${calledBy(taken)} and its release left out`
      yield { ...without(node, new Set(dropped)), leadingComments: [{ type: 'CommentBlock', value }] } as Node
    }
  },
}

/** `spin_unlock` of `spin_lock`, `up_read` of `down_read`; none of what takes no lock. */
function releasesOf(name: string): string[] {
  if (name.startsWith('down_')) return [name.replace('down_', 'up_')]
  return /lock/.test(name) && !/unlock|local/.test(name) ? [name.replace(/lock(?!ed)/, 'unlock')] : []
}

/** The statements of a function that are calls, wherever in it they stand. */
function* callsIn(node: unknown): Generator<Node> {
  if (typeof node !== 'object' || node === null) return
  const { type, expression } = node as Node
  if (type === 'ExpressionStatement' && expression?.type === 'CallExpression') yield node as Node
  else for (const [key, value] of Object.entries(node)) if (!places.has(key)) yield* callsIn(value)
}

/** `spin_lock` of `spin_lock(…)` and of `k.spin_lock(…)`. */
function calledBy({ expression }: Node): string {
  const { name, property } = expression!.callee!
  return name ?? property?.name ?? ''
}

function sameOperands(one: Node, other: Node): boolean {
  return textOf(one.expression!.arguments) === textOf(other.expression!.arguments)
}

function textOf(node: unknown): string {
  return JSON.stringify(node, (key, value) => (places.has(key) ? undefined : value))
}

/** A copy of a tree without some of its statements. */
function without<T>(node: T, dropped: ReadonlySet<unknown>): T {
  if (Array.isArray(node)) return node.filter(one => !dropped.has(one)).map(one => without(one, dropped)) as T
  if (typeof node !== 'object' || node === null) return node
  if (dropped.has(node)) return { type: 'EmptyStatement' } as T
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, without(value, dropped)])) as T
}

/** What of a node only says where it stood. */
const places = new Set(['loc', 'start', 'end', 'range', 'extra', 'leadingComments', 'trailingComments'])

/** Stryker has no kind of plugin for mutators; its list of them is one array. `locks`: nothing but locks left out. */
export async function addOmissions(locks: boolean): Promise<void> {
  const instrumenter = import.meta.resolve('@stryker-mutator/instrumenter')
  const list = (await import(new URL('mutators/mutate.js', instrumenter).href)) as { allMutators: Mutator[] }
  if (locks) list.allMutators.splice(0, Number.POSITIVE_INFINITY, unlocked)
  else list.allMutators.push(omission, unlocked)
}

/** `page + page.flags` is how the model spells `page->flags`: no patch gets the plus wrong. */
export class FieldAddress implements Ignorer {
  shouldIgnore(path: object): string | undefined {
    const { type, operator, right } = (path as Path).node
    const address = type === 'BinaryExpression' && operator === '+' && right?.type === 'MemberExpression'
    return address && !right.computed ? 'the address of a field' : undefined
  }
}
