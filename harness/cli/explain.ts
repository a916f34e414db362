// mmfunc explain: what a patch, a topic or a case comes to, from runs in the model.

import type { Case } from '../case/case.ts'
import { isCalled } from '../model/history/commit.ts'
import {
  describe,
  folderNames,
  history,
  partOf,
  patchesIn,
  patchOf,
  resolveVariant,
  sidesOf,
  topicNames,
  topicOf,
} from '../model/history/index.ts'
import type { Patch } from '../model/history/patch.ts'
import { changeOf } from '../report/change.ts'
import { caseLines, type Look, patchLines } from '../report/explain.ts'
import { caseJson, patchJson, threadJson, topicJson } from '../report/explain-json.ts'
import { threadLines, topicLines } from '../report/explain-topic.ts'
import type { Results } from '../report/verdicts.ts'
import { nearest } from '../steps/words/nearest.ts'
import { splitPoint } from './finding.ts'
import { type JobsOptions, jobsOf } from './jobs.ts'
import { casesOf } from './load.ts'
import { isNaming, naming } from './naming.ts'
import { paintFor } from './paint.ts'
import { print } from './print.ts'
import { Refusal } from './refusal.ts'
import { type Asked, Runs } from './runs.ts'
import { interruption } from './signals.ts'
import { storyOf, telling } from './story.ts'
import { sharesOf } from './variants.ts'

export interface ExplainOptions extends JobsOptions {
  readonly variant: readonly string[]
  /** Every case, not only those that name the patch or a function of it. */
  readonly all?: boolean
  readonly json?: boolean
}

/** What there is to say: as data, and for a person. */
interface Told {
  readonly json: () => object
  readonly lines: (look: Look) => Iterable<string>
}

/** Columns where nobody says how many there are. */
const COLUMNS = 100

/** Gives the exit status: as `run` does of a case, as `compare` of what is only compared. */
export async function explain(what: string, options: ExplainOptions): Promise<number> {
  const signal = interruption()
  const runs = new Runs(jobsOf(options.jobs), signal)
  const { json, lines } = await tell(what, options, runs)
  if (signal.aborted) return 130
  const look = { paint: paintFor(process.stdout), width: process.stdout.columns ?? COLUMNS }
  print(options.json ? [JSON.stringify(json(), null, 2)] : lines(look))
  return runs.status
}

function tell(what: string, options: ExplainOptions, runs: Runs): Promise<Told> {
  const patch = patchOf(what)
  const isFolder = folderNames().includes(what)
  const variants = topicOf(what)
  if ((patch !== undefined || isFolder || variants !== undefined) && options.variant.length > 0)
    throw new Refusal('--variant chooses what a case is explained under; a patch has its own two sides')
  if (patch !== undefined) return explainPatch(patch, options, runs)
  if (isFolder) return explainFolder(what, options, runs)
  if (variants !== undefined) return explainThread(what, variants, options, runs)
  const landmark = history.patches.find(({ id, modelled }) => isCalled(id, what) && !modelled)
  if (landmark !== undefined)
    throw new Refusal(
      `${what} (${landmark.release}, "${landmark.subject}") cannot be run: the model does not have it; cases name it for its release`,
    )
  const whole = partOf(what)
  if (whole !== undefined) throw new Refusal(`${what} is part of ${whole.id}: mmfunc explain ${whole.id}`)
  return explainCase(what, options, runs)
}

/** Without it, with each posted version, with the commit. */
async function explainPatch(patch: Patch, { all }: ExplainOptions, runs: Runs): Promise<Told> {
  const told = describe(patch)
  const commit = told.standsFor === undefined ? told : describe(patchOf(told.standsFor)!)
  const [without, having] = sidesOf(patch)
  const versions = [...commit.posted, commit.id].map(id => patchOf(id)!)
  const subjects = [...new Set([without, ...versions.map(version => sidesOf(version)[1]), having].filter(isVariant))]
  const names = [...versions.map(({ id }) => id), ...told.functions.map(({ name }) => name)]
  const cases = all ? await casesOf([]) : await naming(names)
  const after = subjects.indexOf(having)
  const results = await runs.of(cases.flatMap(one => asked(one, subjects, after)))
  const otherwise = results.filter(
    row => changeOf(row[0]!, row[after]!) === 'same' && !runs.areAlike(row[0]!, row[after]!),
  )
  const order = told.standsFor === undefined ? (['fixed', 'regressed', 'changed'] as const) : worstFirst
  const groups = order.map(change => results.filter(row => changeOf(row[0]!, row[after]!) === change))
  const pick = [...groups, otherwise].map(rows => telling(rows, patch.id)).find(row => row !== undefined)
  const story = pick && (await storyOf(pick[0]!, pick[after]!, runs))
  const which = all
    ? 'Every case'
    : `${cases.length} cases that name it or a function that it changes (--all runs every case)`
  const explained = { patch: told, verdicts: { subjects, results, which }, with: having, otherwise, story }
  return { json: () => patchJson(explained), lines: look => patchLines(explained, look) }
}

/** Of a posted version: what was wrong with it. */
const worstFirst = ['regressed', 'changed', 'fixed'] as const

const isVariant = (text: string): boolean => resolveVariant(text).ok

/**
 * A case under these subjects; where it asks only for variants with more patches on top, these, as far as it asks for
 * them without the patch as well as with it.
 */
function asked(one: Case, subjects: readonly string[], after: number): Asked[] {
  const own = one.variants === undefined ? [] : sharesOf([one], [], []).map(({ variant }) => variant.name)
  const having = subjects[after]!
  const tops = own
    .filter(name => name === having || name.startsWith(`${having}+`))
    .map(name => name.slice(having.length))
  const both = tops.filter(top => own.includes(`${subjects[0]}${top}`))
  return (both.length > 0 ? both : ['']).map(top => {
    return { case: one, subjects: subjects.map(subject => [`${subject}${top}`].find(isVariant)) }
  })
}

/** Every patch of a folder of the history, without and with it. */
async function explainFolder(topic: string, { all }: ExplainOptions, runs: Runs): Promise<Told> {
  const patches = (await patchesIn(topic)).filter(patch => sidesOf(patch).every(isVariant))
  const namesOf = ({ id, standsFor = id }: Patch) => [id, standsFor]
  const cases = all ? await casesOf([]) : await naming(patches.flatMap(namesOf))
  const asking = patches.map(patch => {
    const its = all ? cases : cases.filter(one => isNaming(one, namesOf(patch)))
    return its.flatMap(one => asked(one, sidesOf(patch), 1))
  })
  await runs.of(asking.flat())
  const told = patches.map((patch, i) => {
    const pairs = runs.rows(asking[i]!).map(([without, having]) => [without!, having!] as const)
    return { patch: describe(patch), subjects: sidesOf(patch), pairs }
  })
  const which = all
    ? 'Every case under every patch'
    : 'Under each patch the cases that name it, or what it became (--all runs every case)'
  const explained = { topic, patches: told, which }
  return { json: () => topicJson(explained), lines: look => topicLines(explained, look) }
}

/** The variants that a thread is about, all side by side; of cases that ask for any of them. */
async function explainThread(
  topic: string,
  variants: readonly string[],
  { all }: ExplainOptions,
  runs: Runs,
): Promise<Told> {
  const isAsked = (one: Case) => sharesOf([one], [], []).some(({ variant }) => variants.includes(variant.name))
  const cases = all ? await casesOf([]) : (await naming(topic.split('+').slice(0, 1))).filter(isAsked)
  const results = await runs.of(cases.map(one => ({ case: one, subjects: variants })))
  const which = all ? 'Every case' : `${cases.length} cases that ask for them (--all runs every case)`
  const explained = { topic, verdicts: { subjects: variants, results, which } }
  return { json: () => threadJson(explained), lines: look => threadLines(explained, look) }
}

/** Its verdict under each variant, and one point under two. */
async function explainCase(what: string, { variant }: ExplainOptions, runs: Runs): Promise<Told> {
  const { one, only } = await caseOf(what)
  const patches = one.ids.flatMap(id => patchOf(id) ?? [])
  const subjects = sharesOf([one], variant, []).map(share => share.variant.name)
  const sides = patches.map(sidesOf).filter(pair => pair.every(isVariant))
  const pairs = variant.length > 0 ? [subjects.slice(0, 2)] : sides
  const fitting = pairs.length > 0 ? pairs : [subjects.slice(-1)]
  const columns = [...new Set([...subjects, ...fitting.flat()])]
  const all = await runs.of([{ case: one, subjects: columns }], true)
  const results = all.filter(([first]) => only === undefined || first!.point === only)
  const pick = storyOfCase(
    results,
    fitting.map(pair => pair.map(name => columns.indexOf(name))),
  )
  const story = pick && (await storyOf(pick[0]!, pick[1], runs))
  const verdicts = { subjects: columns, results, which: `variants that ${one.name} names` }
  const explained = { case: one, patches: patches.map(describe), verdicts, story }
  return { json: () => caseJson(explained), lines: look => caseLines(explained, look) }
}

/** A point under the first two of these columns between which something changes, else under the first two. */
function storyOfCase(rows: readonly Results[], pairs: readonly (readonly number[])[]): Results | undefined {
  const differs = ([a, b]: Results) => a && b && /^(fixed|regressed|changed)$/.test(changeOf(a, b))
  const under = pairs.map(pair => rows.map(row => pair.map(column => row[column])))
  return under.map(each => telling(each.filter(differs))).find(row => row !== undefined) ?? telling(under[0] ?? [])
}

const topics = (): string[] => [...folderNames(), ...topicNames]

/** A case by its name or its file, or one of its points. */
async function caseOf(what: string): Promise<{ readonly one: Case; readonly only: string | undefined }> {
  const { word, values } = splitPoint(what)
  const found = await casesOf([word]).catch(error => {
    const near = nearest(what, [...history.patches.map(({ id }) => id), ...topics()])
    throw near === undefined ? error : new Refusal(`nothing is called "${what}"; did you mean "${near}"?`)
  })
  const [one, ...more] = found
  if (one === undefined || more.length > 0)
    throw new Refusal(
      `"${word}" names ${found.length} cases; explain takes one, a patch, or a topic: ${topics().join(', ')}`,
    )
  if (values === '') return { one, only: undefined }
  const only = `${one.name}${values}`
  const points = one.combinations.map(combination => one.pointName(combination))
  if (!points.includes(only)) throw new Refusal(`${word} has no test point ${what}; it has ${points.join(', ')}`)
  return { one, only }
}
