// What Stryker's own mutators are not made for: statements left out, and addresses of fields.

import type { Ignorer } from '@stryker-mutator/api/ignore'

/** As much of Babel's tree as we look at. */
interface Node {
  readonly type: string
  readonly operator?: string
  readonly computed?: boolean
  readonly right?: Node
}

interface Mutator {
  readonly name: string
  mutate(path: object): Iterable<Node>
}

/** Leaves one statement out: a lock not taken, a reference not put, a count not kept. */
const omission: Mutator = {
  name: 'Omission',
  *mutate(path) {
    if (nodeOf(path).type === 'ExpressionStatement') yield { type: 'EmptyStatement' }
  },
}

/** Stryker has no kind of plugin for mutators; its list of them is one array. */
export async function addOmission(): Promise<void> {
  const instrumenter = import.meta.resolve('@stryker-mutator/instrumenter')
  const list = (await import(new URL('mutators/mutate.js', instrumenter).href)) as { allMutators: Mutator[] }
  list.allMutators.push(omission)
}

/** `page + page.flags` is how the model spells `page->flags`: no patch gets the plus wrong. */
export class FieldAddress implements Ignorer {
  shouldIgnore(path: object): string | undefined {
    const { type, operator, right } = nodeOf(path)
    const address = type === 'BinaryExpression' && operator === '+' && right?.type === 'MemberExpression'
    return address && !right.computed ? 'the address of a field' : undefined
  }
}

function nodeOf(path: object): Node {
  return (path as { readonly node: Node }).node
}
