// The matrix of a case: its combinations, and `$name` put in for each.

import { valueShape } from '../steps/words/names.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { quoted } from '../steps/words/word.ts'
import type { Values } from './case.ts'
import type { Problems } from './problems.ts'
import { eachScalar, kindOf, type Mapping, type Node, type Scalar } from './tree.ts'

export const MOST_POINTS = 512
/** Keys of `matrix` and of `when` that are no names of values. */
const reserved = ['except', 'from', 'until']

export interface Matrix {
  /** In the order written. */
  readonly values: ReadonlyMap<string, readonly string[]>
  readonly combinations: readonly Values[]
}

/** The matrix; a case without one has a single combination. */
export function readMatrix(node: Node | undefined, problems: Problems): Matrix {
  const values = new Map<string, readonly string[]>()
  if (node === undefined) return { values, combinations: [none()] }
  if (node.kind !== 'map') {
    problems.add('BAD_SHAPE', node, `a matrix is a map of names and their values, not ${kindOf(node)}`)
    return { values, combinations: [none()] }
  }
  let except: Node | undefined
  for (const { key, value } of node.entries) {
    if (key.text === 'except') except = value
    else if (reserved.includes(key.text) || !valueShape.test(key.text)) {
      problems.add('BAD_VALUE', key, `${quoted(key.text)} cannot be the name of a value; write letters, digits and _`)
    } else values.set(key.text, readValues(value, problems))
  }
  const left = except === undefined ? [] : readExcept(except, values, problems)
  const points = [...values.values()].reduce((product, all) => product * Math.max(1, all.length), 1)
  if (points > 8 * MOST_POINTS) return tooMany(points)
  const combinations = combine([...values]).filter(one => !left.some(out => fits(one, out)))
  if (combinations.length > MOST_POINTS) return tooMany(combinations.length)
  if (combinations.length === 0 && [...values.values()].every(all => all.length > 0))
    problems.add('BAD_VALUE', node, 'no combination is left')
  return { values, combinations }

  function tooMany(points: number): Matrix {
    problems.add('TOO_MANY', node!, `${points} combinations, and ${MOST_POINTS} are the most`)
    return { values, combinations: [combine([...values].map(([name, all]) => [name, all.slice(0, 1)]))[0] ?? none()] }
  }
}

/** Names and the values that are meant of each: all must fit. */
export type Wish = ReadonlyMap<string, readonly string[]>

/** Whether a combination is among those that are meant. */
export function fits(values: Values, wish: Wish): boolean {
  for (const [name, accepted] of wish) if (!accepted.includes(values[name]!)) return false
  return true
}

/** One value or a list of values that the matrix gives to `key`. */
export function readWished(
  key: Scalar,
  value: Node,
  values: ReadonlyMap<string, readonly string[]>,
  others: readonly string[],
  problems: Problems,
): readonly string[] {
  const known = values.get(key.text)
  if (known === undefined) {
    const names = [...values.keys(), ...others]
    problems.add('UNKNOWN_MATRIX', key, `the matrix has no ${quoted(key.text)}${didYouMean(key.text, names)}`)
    return []
  }
  const wished: string[] = []
  for (const one of value.kind === 'list' ? value.items : [value]) {
    if (one.kind !== 'scalar') problems.add('BAD_SHAPE', one, `here stands a value of the matrix, not ${kindOf(one)}`)
    else if (known.length > 0 && !known.includes(one.text)) {
      problems.add(
        'BAD_VALUE',
        one,
        `the matrix gives ${key.text} no value ${quoted(one.text)}${didYouMean(one.text, known)}`,
      )
    } else wished.push(one.text)
  }
  return wished
}

/** The node with every `$name` in it replaced; the node itself if there is none. */
export function substitute<T extends Node>(node: T, values: Values, problems: Problems): T
export function substitute(node: Node, values: Values, problems: Problems): Node {
  if (node.kind === 'scalar') return substituteText(node, values, problems)
  if (node.kind === 'list') {
    const items = node.items.map(item => substitute(item, values, problems))
    return items.every((item, i) => item === node.items[i]) ? node : { ...node, items }
  }
  let changed = false
  const entries = node.entries.map(entry => {
    const key = substituteText(entry.key, values, problems)
    const value = substitute(entry.value, values, problems)
    if (key === entry.key && value === entry.value) return entry
    changed = true
    return { key, value }
  })
  return changed ? { ...node, entries: unlike(entries, problems) } : node
}

const names = new WeakMap<Node, readonly string[]>()

/** The values that `substitute` would put into `node`, as one text: nodes with equal texts come out the same. */
export function valuesIn(node: Node, values: Values): string {
  let used = names.get(node)
  if (used === undefined) {
    const found = new Set<string>()
    eachScalar(node, ({ text }) => {
      for (const [, name] of text.matchAll(/\$(\w*)/g)) found.add(name!)
    })
    used = [...found]
    names.set(node, used)
  }
  return used.map(name => values[name]).join('\n')
}

function substituteText(node: Scalar, values: Values, problems: Problems): Scalar {
  if (!node.text.includes('$')) return node
  const text = node.text.replace(/\$(\w*)/g, (all, name: string) => {
    const value = values[name]
    if (value !== undefined) return value
    problems.add('UNKNOWN_MATRIX', node, `the matrix has no ${quoted(name)}${didYouMean(name, Object.keys(values))}`)
    return all
  })
  return { ...node, text }
}

/** Two keys may become one by what is put in. */
function unlike(entries: Mapping['entries'], problems: Problems): Mapping['entries'] {
  const seen = new Set<string>()
  for (const { key } of entries) {
    if (seen.has(key.text)) problems.add('BAD_VALUE', key, `the key ${quoted(key.text)} stands here twice`)
    seen.add(key.text)
  }
  return entries
}

function readValues(node: Node, problems: Problems): string[] {
  if (node.kind !== 'list' || node.items.length === 0) {
    problems.add(
      'BAD_SHAPE',
      node,
      `here stands a list of values, not ${node.kind === 'list' ? 'an empty one' : kindOf(node)}`,
    )
    return []
  }
  const values: string[] = []
  for (const item of node.items) {
    if (item.kind !== 'scalar') problems.add('BAD_SHAPE', item, `a value is text, not ${kindOf(item)}`)
    else if (!/^[^,=#$[\]\n\t]{1,64}$/.test(item.text)) {
      problems.add('BAD_VALUE', item, `${quoted(item.text)} cannot stand in the name of a test point`)
    } else if (values.includes(item.text))
      problems.add('BAD_VALUE', item, `the value ${quoted(item.text)} stands here twice`)
    else values.push(item.text)
  }
  return values
}

function readExcept(node: Node, values: ReadonlyMap<string, readonly string[]>, problems: Problems): Wish[] {
  const wishes: Wish[] = []
  for (const one of node.kind === 'list' ? node.items : [node]) {
    if (one.kind === 'map' && one.entries.length > 0) {
      wishes.push(
        new Map(one.entries.map(({ key, value }) => [key.text, readWished(key, value, values, [], problems)])),
      )
    } else problems.add('BAD_SHAPE', one, 'except takes maps of names and values')
  }
  return wishes
}

/** The first name varies slowest, as the values are written. */
function combine(names: readonly (readonly [string, readonly string[]])[]): Values[] {
  let combinations = [none()]
  for (const [name, values] of names) {
    combinations = combinations.flatMap(one => values.map(value => Object.assign(none(), one, { [name]: value })))
  }
  return combinations
}

/** No values, and no prototype that could pass for some. */
function none(): Values {
  return Object.create(null) as Values
}
