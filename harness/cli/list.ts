// mmfunc list: what there is, one line each, or as one JSON document.

import { anomalies } from '../check/anomalies.ts'
import { counterNames, history } from '../model/history/index.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { Refusal } from './refusal.ts'

/** A line of a listing: the first word is the name; `engines`: those that have it. */
type Entry = Readonly<Record<string, unknown>> & {
  readonly name: string
  readonly about?: string
  readonly engines?: readonly string[]
}

const listings: Readonly<Record<string, () => readonly Entry[] | Promise<readonly Entry[]>>> = {
  cases,
  steps,
  variants: () => history.releases.map(name => ({ name })),
  patches: () => history.patches.map(({ id, subject, ...more }) => ({ name: id, about: subject, ...more })),
  kernels,
  counters: () => counterNames.map(name => ({ name })),
  anomalies: () => Object.entries(anomalies).map(([name, about]) => ({ name, about })),
}

/** Gives the exit status. */
export async function list(what: string, options: { readonly json?: boolean }): Promise<number> {
  const listing = Object.hasOwn(listings, what) ? listings[what] : undefined
  if (listing === undefined) {
    const known = Object.keys(listings)
    throw new Refusal(`cannot list "${what}"${didYouMean(what, known) || `; there are ${known.join(', ')}`}`)
  }
  const entries = await listing()
  process.stdout.write(options.json ? `${JSON.stringify(entries, null, 2)}\n` : lines(entries))
  return 0
}

function lines(entries: readonly Entry[]): string {
  const rows = entries.map(({ name, engines = [], about = '' }) => [name, engines.join(', '), about.trim()])
  const widths = [0, 1].map(i => Math.max(0, ...rows.map(row => row[i]!.length)))
  const columns = rows.map(row => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).filter(cell => cell !== ''))
  return columns.map(row => `${row.join('  ').trimEnd()}\n`).join('')
}

async function cases(): Promise<readonly Entry[]> {
  const { casesOf } = await import('./load.ts')
  const all = await casesOf([])
  return all.map(({ name, about, file, tags, see }) => ({ name, about, file, tags, see }))
}

/** The verbs, each with an example, and whether the model and real kernels do it. */
async function steps(): Promise<readonly Entry[]> {
  const [{ steps: defs }, { verbsOf }, { knowsWord }, { reachesWord }] = await Promise.all([
    import('../steps/index.ts'),
    import('../steps/examples.ts'),
    import('../explore/words.ts'),
    import('../kernel/program.ts'),
  ])
  const having = Object.entries({ model: verbsOf(knowsWord), kernel: verbsOf(reachesWord) })
  return Object.values(defs).map(({ verb, about, example }) => {
    const engines = having.filter(([, verbs]) => verbs.has(verb)).map(([engine]) => engine)
    return { name: verb, engines, about, example }
  })
}

async function kernels(): Promise<readonly Entry[]> {
  const { kernelNames } = await import('../kernel/kernels.ts')
  return ['host', ...kernelNames()].map((name: string) => ({ name }))
}
