// `make bench`: how fast mmfunc is, side by side with what it stands beside, in one run.

import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, version } from '../project.ts'
import { buildHost, type Host } from './host.ts'
import { best, type Measured, measure, mmfunc, node } from './measure.ts'
import { corpus, explorations, type Search, searchOf, searchTable, searchText } from './races.ts'
import { type Spin, spin } from './spin.ts'

/** One line of the table: ours against another, or against a goal in seconds. */
interface Row {
  readonly what: string
  readonly ours: Pick<Measured, 'seconds' | 'peak'>
  readonly other: Pick<Measured, 'seconds' | 'peak'>
  readonly otherIs: string
}

type Line = Row | { readonly what: string; readonly skipped: string }

const goes = 3
/** Seconds; what takes longer has one go. */
const LONG = 10
const model = fileURLToPath(new URL('./model.js', import.meta.url))
const runningProgram = fileURLToPath(new URL('./running.js', import.meta.url))
const MiB512 = String(512 * 2 ** 20)

process.chdir(root)
const host = await buildHost()
const lines: Line[] = []
try {
  for (const bench of [startUp, caseSet, races, againstSpin, rdma, faults4k, faultsThp, qemu, running]) {
    for (const line of await bench(host)) {
      lines.push(line)
      process.stdout.write(`${textOf(line)}\n`)
    }
  }
} finally {
  host?.remove()
}
const searches: Search[] = []
for await (const search of explorations()) {
  searches.push(search)
  process.stdout.write(`        ${searchText(search)}\n`)
}
writeFileSync(join('reports', 'bench.md'), `${[...report(lines), '', ...searchTable(searches)].join('\n')}\n`)
process.stdout.write('written to reports/bench.md\n')

async function startUp(): Promise<Line[]> {
  const ours = await best(goes, () => mmfunc('--version'))
  const other = await best(goes, () => node(['--eval', '']))
  return [{ what: 'start-up: mmfunc --version', ours, other, otherIs: 'node --eval ""' }]
}

async function caseSet(): Promise<Line[]> {
  const ours = await best(goes, () => mmfunc('run', '--report', 'tap'))
  if (ours.status === 2 || ours.status === 99) return [{ what: 'all cases', skipped: ours.stderr.trim() }]
  const points = ours.stdout.match(/^(not )?ok /gm)?.length ?? 0
  const what = `all cases under all their variants (${points} points)`
  return [{ what, ours, other: { seconds: 1, peak: undefined }, otherIs: 'the goal' }]
}

async function races(): Promise<Line[]> {
  const ours = await best(goes, corpus)
  const points = ours.stdout.match(/^(not )?ok /gm)?.length ?? 0
  const what = `all races under all their variants, explored in one process (${points} points)`
  return [{ what, ours, other: { seconds: 1, peak: undefined }, otherIs: 'a second' }]
}

/**
 * In turn, so that a machine that slows down slows both. Spin proves the fixed one as mmfunc does; of the other it
 * tells the first error, mmfunc every end.
 */
async function againstSpin(): Promise<Line[]> {
  for (const [tool, ask] of [
    ['spin', '-V'],
    ['gcc', '--version'],
  ] as const)
    if ((await measure(tool, [ask])).status !== 0)
      return [{ what: 'munlock against split', skipped: `no ${tool} (apt-get install ${tool})` }]
  const lines: Line[] = []
  for (const [variant, nr] of [
    ['v3.14', 4],
    ['v3.14', 16],
    ['v3.14', 512],
    ['v3.8', 4],
    ['v3.8', 16],
  ] as const) {
    const [ours, theirs]: [Search[], Spin[]] = [[], []]
    for (let i = 0; i < goes && (i === 0 || ours[0]!.wall < LONG); i++) {
      ours.push(await searchOf('munlock-split', variant, `=${nr}]`))
      theirs.push(await spin(variant === 'v3.14', nr))
    }
    const least = (all: readonly number[]) => ({ seconds: Math.min(...all), peak: undefined })
    const line = (
      part: string,
      mine: (one: Search) => number,
      others: (one: Spin) => number,
      otherIs: string,
    ): Line => ({
      what: `munlock against split, ${nr} pages, ${variant}${ours[0]!.complete ? '' : ', not complete'}, ${part}`,
      ours: least(ours.map(mine)),
      other: least(theirs.map(others)),
      otherIs,
    })
    lines.push(
      line(
        'to the verdict',
        one => one.wall,
        one => one.whole,
        'Spin, gcc -O2, pan',
      ),
    )
    lines.push(
      line(
        'the search',
        one => one.first,
        one => one.search,
        'pan',
      ),
    )
    lines.push(
      line(
        'the search again',
        one => one.again,
        one => one.search,
        'pan',
      ),
    )
  }
  return lines
}

function rdma(host: Host | undefined): Promise<Line[]> {
  return sideBySide('RDMA, 2 x 512 MiB, 1e5 transfers', 'rdma.yaml', host, ['rdma', MiB512, '100000'])
}

function faults4k(host: Host | undefined): Promise<Line[]> {
  return sideBySide('4K faults over 512 MiB', 'faults-4k.yaml', host, ['faults', 'base', MiB512])
}

function faultsThp(host: Host | undefined): Promise<Line[]> {
  return sideBySide('THP faults over 512 MiB', 'faults-thp.yaml', host, ['faults', 'thp', MiB512])
}

/**
 * A case in the model, the engine and its recounts alone, against the plain C program on the running kernel: in a
 * process that does it for the first time, and in one that has done it before.
 */
async function sideBySide(
  what: string,
  file: string,
  host: Host | undefined,
  args: readonly string[],
): Promise<Line[]> {
  if (host === undefined) return [{ what, skipped: 'no gcc' }]
  const runs: { readonly first: Measured; readonly again: Measured }[] = []
  for (let i = 0; i < goes; i++) {
    const measured = await node([model, join('harness', 'cli', 'bench', file)])
    if (measured.status !== 0) return [{ what, skipped: measured.stderr.trim() }]
    const [first = 0, again = 0] = measured.stdout.split(' ').map(Number)
    runs.push({ first: { ...measured, seconds: first }, again: { ...measured, seconds: again } })
  }
  const other = await best(goes, () => host.run(...args))
  if (other.status !== 0) return [{ what, skipped: other.stderr.trim() || 'the C program failed' }]
  const otherIs = `C on ${release()}, ${Math.round(Number(other.stdout.split(' ')[2]) / 1024)} MiB of it huge`
  const [first, again] = [runs.map(run => run.first), runs.map(run => run.again)].map(quickest)
  return [
    { what: `${what}, the first time`, ours: first!, other, otherIs },
    { what: `${what}, again`, ours: again!, other, otherIs },
  ]
}

function quickest(all: readonly Measured[]): Measured {
  return all.reduce((a, b) => (b.seconds < a.seconds ? b : a))
}

/** From the prompt to the verdict of one case; the first go may download. */
async function qemu(): Promise<Line[]> {
  const kernel = process.env.KERNEL ?? 'debian:6.1'
  const what = `boot to verdict of one case in QEMU, ${kernel}`
  if ((await measure('qemu-system-x86_64', ['--version'])).status !== 0) return [{ what, skipped: 'no QEMU' }]
  const go = () => mmfunc('run', join('harness', 'cli', 'bench', 'verdict.yaml'), '--kernel', kernel)
  const first = await go()
  if (first.status !== 0) return [{ what, skipped: first.stderr.trim().split('\n')[0] || `exit ${first.status}` }]
  return [{ what, ours: await go(), other: { seconds: 10, peak: undefined }, otherIs: 'the goal' }]
}

/** libhugetlbfs's functional set, as measured elsewhere, not here and now: 1.1 to 1.5 s for all of its invocations. */
const libhugetlbfs = { seconds: 1.1, invocations: 105 }

/** Every counter of the pools after every step, on the running kernel; a test point against an invocation. */
async function running(): Promise<Line[]> {
  const what = 'hugetlb cases of 2M on the running kernel, a test point'
  const ours = await best(goes, () => node([runningProgram]))
  const [points = 0, seconds = 0] = ours.stdout.split(' ').map(Number)
  if (!points) return [{ what, skipped: (ours.stdout || ours.stderr).trim() }]
  const { seconds: set, invocations } = libhugetlbfs
  const other = { seconds: set / invocations, peak: undefined }
  const otherIs = `an invocation of libhugetlbfs, ${set} s / ${invocations}, measured elsewhere`
  const row = (how: string, all: number): Line => ({
    what: `${what} of ${points}, ${how}`,
    ours: { ...ours, seconds: all / points },
    other,
    otherIs,
  })
  return [row('from the prompt', ours.seconds), row('the engine', seconds)]
}

function ratio({ ours, other }: Row): string {
  return `${(ours.seconds / other.seconds).toFixed(2)}x`
}

function timeAndPeak({ seconds, peak }: Row['ours']): string {
  const time = seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`
  return peak === undefined ? time : `${time}, ${Math.round(peak / 1024)} MiB`
}

function textOf(line: Line): string {
  if ('skipped' in line) return `  skip  ${line.what}: ${line.skipped}`
  return `${ratio(line).padStart(6)}  ${line.what}: ${timeAndPeak(line.ours)} against ${timeAndPeak(line.other)} (${line.otherIs})`
}

function* report(all: readonly Line[]): Generator<string> {
  const [cpu] = cpus()
  yield '# Bench'
  yield ''
  yield `mmfunc ${version()}, ${new Date().toISOString().slice(0, 16)}Z, node ${process.version}, Linux ${release()}, ` +
    `${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; the best of ${goes}.`
  yield ''
  yield '| ratio | what | mmfunc | against | which is |'
  yield '|---|---|---|---|---|'
  for (const line of all) {
    if ('skipped' in line) yield `| - | ${line.what} | skipped: ${line.skipped} | | |`
    else
      yield `| ${ratio(line)} | ${line.what} | ${timeAndPeak(line.ours)} | ${timeAndPeak(line.other)} | ${line.otherIs} |`
  }
}
