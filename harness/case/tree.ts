// A case file as scalars, lists and maps, each knowing where it stands. Every scalar is text.

export interface Scalar {
  readonly kind: 'scalar'
  readonly text: string
  readonly start: number
  readonly end: number
}

export interface List {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly start: number
  readonly end: number
}

export interface Entry {
  readonly key: Scalar
  readonly value: Node
}

export interface Mapping {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
  readonly start: number
  readonly end: number
}

export type Node = Scalar | List | Mapping

/** What stands behind `key`. */
export function get(map: Mapping, key: string): Node | undefined {
  return map.entries.find(entry => entry.key.text === key)?.value
}

/** What a node is, in a message. */
export function kindOf(node: Node): string {
  if (node.kind === 'scalar') return node.text === '' ? 'nothing' : 'text'
  return node.kind === 'list' ? 'a list' : 'a map'
}

/** The node as plain data: strings, arrays, and objects without a prototype. */
export function plain(node: Node): unknown {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list') return node.items.map(plain)
  const object = Object.create(null) as Record<string, unknown>
  for (const { key, value } of node.entries) object[key.text] = plain(value)
  return object
}

/** What a path of `plain(node)` leads to; where it leads nowhere, the nearest node on the way. */
export function locate(node: Node, path: readonly PropertyKey[]): Node {
  let at = node
  for (const step of path) {
    const next = at.kind === 'list' ? at.items[Number(step)] : at.kind === 'map' ? get(at, String(step)) : undefined
    if (next === undefined) return at
    at = next
  }
  return at
}

/** The key that a path ends with. */
export function locateKey(node: Node, path: readonly PropertyKey[], key: string): Node {
  const map = locate(node, path)
  return (map.kind === 'map' && map.entries.find(entry => entry.key.text === key)?.key) || map
}

/** The node in one line, in flow style; the outermost map without its braces. */
export function oneLine(node: Node): string {
  return node.kind === 'map' ? inner(node) : flow(node)
}

function inner(map: Mapping): string {
  return map.entries.map(({ key, value }) => `${key.text}: ${flow(value)}`).join(', ')
}

function flow(node: Node): string {
  if (node.kind === 'scalar') return node.text
  return node.kind === 'list' ? `[${node.items.map(flow).join(', ')}]` : `{${inner(node)}}`
}

/** Calls `visit` for every scalar below, keys included. */
export function eachScalar(node: Node, visit: (scalar: Scalar) => void): void {
  if (node.kind === 'scalar') visit(node)
  else if (node.kind === 'list') for (const item of node.items) eachScalar(item, visit)
  else {
    for (const { key, value } of node.entries) {
      visit(key)
      eachScalar(value, visit)
    }
  }
}
