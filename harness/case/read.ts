// Reads a piece of a tree by its schema; what zod has against it becomes positioned problems.

import type { z } from 'zod'
import { didYouMean } from '../steps/words/nearest.ts'
import { quoted } from '../steps/words/word.ts'
import { laterKeys, laterValues } from './later.ts'
import type { Code } from './problem.ts'
import type { Problems } from './problems.ts'
import { kindOf, locate, locateKey, type Mapping, type Node, plain } from './tree.ts'

type Issue = z.core.$ZodIssue

/** What `schema` makes of `node`, or undefined and problems; where the shape is wrong they show the example. */
export function read<T>(schema: z.ZodType<T>, node: Node, problems: Problems, example?: string): T | undefined {
  const { data, error } = schema.safeParse(plain(node))
  if (error === undefined) return data
  const asIn = example === undefined ? '' : `: as in "${example}"`
  for (const [i, issue] of error.issues.entries()) report(issue, node, schema, problems, i === 0 ? asIn : '')
  return undefined
}

/** Reports keys of `map` that are not among `known`, and those of `needed` that are missing; whether there are none. */
export function checkKeys(
  map: Mapping,
  known: readonly string[],
  needed: readonly string[],
  problems: Problems,
): boolean {
  const strange = map.entries.filter(({ key }) => !known.includes(key.text))
  for (const { key } of strange) unknownKey(key.text, map, [], known, problems)
  const missing = needed.filter(key => !map.entries.some(entry => entry.key.text === key))
  for (const key of missing) problems.add('MISSING_KEY', map, `"${key}" is missing`)
  return strange.length === 0 && missing.length === 0
}

function report(issue: Issue, node: Node, schema: z.ZodType, problems: Problems, asIn: string): void {
  const at = locate(node, issue.path)
  switch (issue.code) {
    case 'custom': {
      const code = (issue.params?.code ?? 'BAD_VALUE') as Code | 'FOLLOWS'
      const blamed =
        issue.params?.onKey === true ? locateKey(node, issue.path.slice(0, -1), String(issue.path.at(-1))) : at
      if (code !== 'FOLLOWS') problems.add(code, blamed, issue.message)
      return
    }
    case 'unrecognized_keys': {
      const known = issue.path.length === 0 ? keysOf(schema) : []
      for (const key of issue.keys) unknownKey(key, node, issue.path, known, problems)
      return
    }
    case 'invalid_union':
      reportUnion(issue, at, schema, problems, asIn)
      return
    case 'invalid_type': {
      const last = issue.path.at(-1)
      const missing = at.kind === 'map' && typeof last === 'string' && locate(node, issue.path.slice(0, -1)) === at
      const wanted = shapes[issue.expected] ?? issue.expected
      const shown = issue.path.length > 0 ? '' : asIn
      if (missing) problems.add('MISSING_KEY', at, `"${last}" is missing${asIn}`)
      else problems.add('BAD_SHAPE', at, `here stands ${wanted}, not ${kindOf(at)}${shown}`)
      return
    }
    case 'invalid_value': {
      const text = at.kind === 'scalar' ? at.text : ''
      const words = issue.values.map(String)
      if (laterValues.has(text)) problems.add('NOT_YET', at, `"${text}" is not there yet`)
      else problems.add('BAD_VALUE', at, `${quoted(text)} is none of ${words.join(', ')}${didYouMean(text, words)}`)
      return
    }
    default:
      problems.add('BAD_VALUE', at, issue.message)
  }
}

const shapes: Readonly<Record<string, string>> = { string: 'text', record: 'a map', object: 'a map', array: 'a list' }

/** A union is of text, a list or a map: the branch that has nothing against the shape knows what is wrong. */
function reportUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  at: Node,
  schema: z.ZodType,
  problems: Problems,
  asIn: string,
): void {
  const branch = issue.errors.find(inner => !inner.some(one => one.code === 'invalid_type' && one.path.length === 0))
  if (branch !== undefined) for (const inner of branch) report(inner, at, schema, problems, asIn)
  else problems.add('BAD_SHAPE', at, `${kindOf(at)} has no place here${asIn}`)
}

function unknownKey(
  key: string,
  node: Node,
  path: readonly PropertyKey[],
  known: readonly string[],
  problems: Problems,
): void {
  const at = locateKey(node, path, key)
  if (laterKeys.has(key)) problems.add('NOT_YET', at, `"${key}" is not there yet`)
  else problems.add('UNKNOWN_KEY', at, `no key here is called ${quoted(key)}${didYouMean(key, known)}`)
}

/** The keys that an object schema knows, through what is wrapped around it. */
function keysOf(schema: z.core.$ZodType): string[] {
  const { def } = schema._zod as unknown as { readonly def: Wrapped }
  if (def.shape !== undefined) return Object.keys(def.shape)
  const inner = [def.in, def.innerType, ...(def.options ?? [])]
  return inner.flatMap(one => (one === undefined ? [] : keysOf(one)))
}

/** What zod's definitions of objects, pipes, optionals and unions have in them. */
interface Wrapped {
  readonly shape?: object
  readonly in?: z.core.$ZodType
  readonly innerType?: z.core.$ZodType
  readonly options?: readonly z.core.$ZodType[]
}
