// mmfunc explain: what a patch, a topic or a case comes to, from runs in the model.

import type { Case } from '../case/case.ts'
import {
  describe,
  folderNames,
  history,
  patchesIn,
  patchOf,
  resolveVariant,
  sidesOf,
  topicNames,
  topicOf,
} from '../model/history/index.ts'
import type { Patch } from '../model/history/patch.ts'
import { changeOf } from '../report/change.ts'
import { caseLines, type Look, patchLines, type Story } from '../report/explain.ts'
import { caseJson, patchJson, threadJson, topicJson } from '../report/explain-json.ts'
import { threadLines, topicLines } from '../report/explain-topic.ts'
import { nearest } from '../steps/words/nearest.ts'
import { splitPoint } from './finding.ts'
import { type JobsOptions, jobsOf } from './jobs.ts'
import { casesOf } from './load.ts'
import { naming } from './naming.ts'
import { paintFor } from './paint.ts'
import { Refusal } from './refusal.ts'
import { Runs } from './runs.ts'
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
  process.stdout.write(options.json ? `${JSON.stringify(json(), null, 2)}\n` : `${[...lines(look)].join('\n')}\n`)
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
  const landmark = history.patches.find(({ id, modelled }) => id === what && !modelled)
  if (landmark !== undefined)
    throw new Refusal(
      `${what} (${landmark.release}, "${landmark.subject}") cannot be run: the model does not have it; cases name it for its release`,
    )
  return explainCase(what, options, runs)
}

/** Without it, with each posted version, with the commit. */
async function explainPatch(patch: Patch, { all }: ExplainOptions, runs: Runs): Promise<Told> {
  const told = describe(patch)
  const commit = told.standsFor === undefined ? told : describe(patchOf(told.standsFor)!)
  const [without, having] = sidesOf(patch)
  const versions = [...commit.posted, commit.id].map(id => patchOf(id)!)
  const others = versions.map(version => sidesOf(version)[1]).filter(side => resolveVariant(side).ok)
  const subjects = [...new Set([without, ...others, having])]
  const names = [...versions.map(({ id }) => id), ...told.functions.map(({ name }) => name)]
  const cases = all ? await casesOf([]) : await naming(names)
  const results = await runs.grid(subjects, cases)
  const after = subjects.indexOf(having)
  const order = told.standsFor === undefined ? (['fixed', 'regressed', 'changed'] as const) : worstFirst
  const pick = order
    .map(change =>
      telling(
        results.filter(row => changeOf(row[0]!, row[after]!) === change),
        patch.id,
      ),
    )
    .find(Boolean)
  const story = pick && (await storyOf(pick[0]!, pick[after]!, runs))
  const which = all
    ? 'Every case'
    : `${cases.length} cases that name it or a function that it changes (--all runs every case)`
  const explained = { patch: told, verdicts: { subjects, results, which }, with: having, story }
  return { json: () => patchJson(explained), lines: look => patchLines(explained, look) }
}

/** Of a posted version: what was wrong with it. */
const worstFirst = ['regressed', 'changed', 'fixed'] as const

/** Every patch of a folder of the history, without and with it. */
async function explainFolder(topic: string, { all }: ExplainOptions, runs: Runs): Promise<Told> {
  const patches = await patchesIn(topic)
  const named = await Promise.all(
    patches.map(({ id, standsFor }) =>
      all ? casesOf([]) : naming([id, ...(standsFor === undefined ? [] : [standsFor])]),
    ),
  )
  for (const [i, patch] of patches.entries()) for (const side of sidesOf(patch)) runs.ask(side, named[i]!)
  await runs.run()
  const told = patches.map((patch, i) => {
    const [without, having] = sidesOf(patch)
    const rows = runs.rows([without, having], named[i]!)
    return { patch: describe(patch), pairs: rows.map(([a, b]) => [a!, b!] as const) }
  })
  const which = all
    ? 'Every case under every patch'
    : 'Under each patch the cases that name it, or what it became (--all runs every case)'
  const explained = { topic, patches: told, which }
  return { json: () => topicJson(explained), lines: look => topicLines(explained, look) }
}

/** The variants that a thread is about, all side by side. */
async function explainThread(
  topic: string,
  variants: readonly string[],
  { all }: ExplainOptions,
  runs: Runs,
): Promise<Told> {
  const patches = [...new Set(variants.flatMap(variant => variant.split('+').slice(1)))]
  const cases = all ? await casesOf([]) : await naming([topic.split('+')[0]!, ...patches])
  const results = await runs.grid(variants, cases)
  const which = all ? 'Every case' : `${cases.length} cases that name it or a patch of it (--all runs every case)`
  const explained = { topic, verdicts: { subjects: variants, results, which } }
  return { json: () => threadJson(explained), lines: look => threadLines(explained, look) }
}

async function explainCase(what: string, { variant }: ExplainOptions, runs: Runs): Promise<Told> {
  const { one, only } = await caseOf(what)
  const patches = one.ids.flatMap(id => patchOf(id) ?? [])
  const subjects = sharesOf([one], variant, []).map(share => share.variant.name)
  const sides = patches.map(sidesOf).filter(pair => pair.every(side => resolveVariant(side).ok))
  const pairs = variant.length > 0 ? [subjects.slice(0, 2)] : sides
  const fitting = pairs.length > 0 ? pairs : [subjects.slice(-1)]
  const columns = [...new Set([...subjects, ...fitting.flat()])]
  const results = (await runs.grid(columns, [one], true)).filter(
    ([first]) => only === undefined || first!.point === only,
  )
  const story = await caseStory(fitting, columns, results, runs)
  const verdicts = { subjects: columns, results, which: `variants that ${one.name} names` }
  const explained = { case: one, patches: patches.map(describe), verdicts, story }
  return { json: () => caseJson(explained), lines: look => caseLines(explained, look) }
}

/** The first two variants between which something changes, else the first two. */
async function caseStory(
  pairs: readonly (readonly string[])[],
  columns: readonly string[],
  results: Parameters<typeof telling>[0],
  runs: Runs,
): Promise<Story | undefined> {
  const sides = pairs.map(pair => pair.map(name => columns.indexOf(name)))
  for (const [a, b] of sides) {
    if (b === undefined) continue
    const differing = telling(results.filter(row => /^(fixed|regressed|changed)$/.test(changeOf(row[a!]!, row[b]!))))
    if (differing !== undefined) return storyOf(differing[a!]!, differing[b], runs)
  }
  const [a = 0, b] = sides[0] ?? []
  const row = telling(results)
  return row && storyOf(row[a]!, b === undefined ? undefined : row[b], runs)
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
