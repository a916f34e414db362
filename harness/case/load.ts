// From case files to cases, or to every problem of all files.

import { basename } from 'node:path'
import type { z } from 'zod'
import type { TestPoint } from '../engine.ts'
import type { Case, Values } from './case.ts'
import { readText } from './files.ts'
import { readMachine } from './machine.ts'
import { readMatrix } from './matrix.ts'
import { parts, topKeys } from './parts.ts'
import { Desk, Plan, type Planned } from './plan.ts'
import type { Problem } from './problem.ts'
import { Problems } from './problems.ts'
import { mostThreads } from './race.ts'
import { checkKeys, read } from './read.ts'
import { parseText } from './text.ts'
import { get, kindOf, type Mapping } from './tree.ts'
import { Verdict } from './verdict.ts'
import { holds, Whens } from './when.ts'

/** The words that a case may use and the loader cannot know by itself. */
export interface Known {
  /** Patches, posted versions and releases, as `from` and `until` name them. */
  readonly ids: readonly string[]
  /** The patch that a posted version became. */
  standsFor?(id: string): string | undefined
  readonly anomalies: readonly string[]
  readonly counters: readonly string[]
  /** Why there is no such variant, or undefined. */
  variants?(variant: string): string | undefined
}

/** Reads all files; a file with a problem gives no case, and no problem of any file is left out. */
export function loadCases(files: readonly string[], known: Known): { cases: Case[]; problems: Problem[] } {
  const cases: Case[] = []
  const problems: Problem[] = []
  for (const file of files) {
    const text = readText(file)
    const loaded = typeof text === 'string' ? loadText(file, text, known) : { problems: [text] }
    problems.push(...loaded.problems)
    if (loaded.case !== undefined) cases.push(loaded.case)
  }
  return { cases, problems }
}

/** Reads one case from the text of its file. */
export function loadText(file: string, text: string, known: Known): { case?: Case; problems: Problem[] } {
  const problems = new Problems(file, text)
  const tree = parseText(text, problems)
  if (tree !== undefined) {
    if (tree.kind === 'map') {
      const found = readCase(file, tree, known, problems)
      if (!problems.any) return { case: found, problems: [] }
    } else problems.add('BAD_SHAPE', tree, `a case is a map that begins with "about", not ${kindOf(tree)}`)
  }
  return { problems: problems.list() }
}

/** One combination of the matrix, ready but for what the subject decides. */
interface Prepared {
  readonly machine: TestPoint['machine']
  readonly prime: readonly Planned[]
  readonly steps: readonly Planned[]
}

function readCase(file: string, tree: Mapping, known: Known, problems: Problems): Case {
  checkKeys(tree, topKeys, ['about', 'steps', 'verdict'], problems)
  const part = <T>(key: string, schema: z.ZodType<T>) => {
    const node = get(tree, key)
    return node && read(schema, node, problems)
  }
  const matrix = readMatrix(get(tree, 'matrix'), problems)
  const whens = new Whens(matrix, known.ids, id => known.standsFor?.(id), problems)
  const desk = new Desk(problems, whens, known.counters)
  const verdictNode = get(tree, 'verdict')
  const verdict = verdictNode && new Verdict(verdictNode, known, whens, problems)
  const name = nameOf(file)
  const prepared = new Map<string, Prepared>()
  for (const values of matrix.combinations) {
    const machine = readMachine(get(tree, 'machine'), values, mostThreads(get(tree, 'steps')), problems)
    verdict?.visit(values, machine)
    prepared.set(pointName(name, values), prepare(tree, values, machine, desk))
  }
  if (!problems.any) whens.reportIdle()
  return {
    file,
    name,
    about: part('about', parts.about) ?? '',
    see: part('see', parts.see) ?? [],
    tags: part('tags', parts.tags) ?? [],
    variants: readVariants(tree, known, problems),
    ids: [...whens.ids],
    together: whens.together,
    combinations: matrix.combinations,
    pointName: values => pointName(name, values),
    point(values, subject) {
      const point = pointName(name, values)
      const { machine, prime, steps } = prepared.get(point)!
      const seen = (all: readonly Planned[]) =>
        all.filter(({ conditions }) => conditions.every(one => holds(one, subject))).map(({ step }) => step)
      return { name: point, machine, prime: seen(prime), steps: seen(steps), ids: [...whens.ids] }
    },
    wanted: (values, subject) => verdict!.of(values, prepared.get(pointName(name, values))!.machine, subject),
  }
}

/** Reads one combination; a problem that all of them share is reported once. */
function prepare(tree: Mapping, values: Values, machine: TestPoint['machine'], desk: Desk): Prepared {
  const steps = (key: string, noRace?: string) => {
    const node = get(tree, key)
    return node === undefined ? [] : Plan.read(node, values, machine, desk, noRace)
  }
  return { machine, prime: steps('prime', 'what primes the machine goes one way: no race'), steps: steps('steps') }
}

function readVariants(tree: Mapping, known: Known, problems: Problems): readonly string[] | undefined {
  const node = get(tree, 'variants')
  const variants = node && read(parts.variants, node, problems)
  if (node?.kind !== 'list' || variants === undefined) return undefined
  for (const [i, variant] of variants.entries()) {
    const why = known.variants?.(variant)
    if (why !== undefined) problems.add('UNKNOWN_VARIANT', node.items[i]!, why)
  }
  return variants
}

/** `thp/pin-fork[hold=get,child=gone]` */
function pointName(name: string, values: Values): string {
  const said = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  return said.length === 0 ? name : `${name}[${said.join(',')}]`
}

/** The path below the last folder `cases`, or the base name; without its ending. */
function nameOf(file: string): string {
  const path = file.replaceAll('\\', '/').replace(/\.ya?ml$/, '')
  const below = /(?:^|.*\/)cases\/(.+)$/.exec(path)?.[1]
  return below ?? basename(path)
}
