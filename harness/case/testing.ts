// What tests of case texts share.

import t from 'tap'
import { loadText } from './load.ts'
import { pretty } from './problem.ts'

/** A small world for cases to name. */
export const known = {
  ids: ['v4.5', 'v4.6', '6d0a07edd17c', '61f5d698cc97', 'posted-v1'],
  standsFor: (id: string) => (id === 'posted-v1' ? '6d0a07edd17c' : undefined),
  anomalies: ['stale-dma', 'wrong-data', 'oops'],
  counters: ['AnonPages', 'AnonHugePages', 'thp_split_pmd', 'nr_anon_pages'],
  variants: (variant: string) => (variant.startsWith('v') ? undefined : `no variant is called ${variant}`),
}

/** Line 1: about, 2: matrix, 3: steps, 4: A of 4 pages, 5: T of one huge page; the lines given begin at 6. */
export const steps = (...lines: string[]) =>
  [
    'about: x',
    'matrix: {n: [1, 2], k: [base, thp]}',
    'steps:',
    '  - mmap: {as: A, size: 4P}',
    '  - mmap: {as: T, size: 1H, kind: thp, touch: yes}',
    ...lines.map(line => `  ${line}`),
    'verdict: clean',
    '',
  ].join('\n')

/** One step, whose first key stands in column 6 of line 6. */
export const step = (text: string) => steps(`- {${text}}`)

/** A whole case but for the top line given, which is line 1. */
export const top = (...lines: string[]) =>
  [...lines, 'about: x', 'steps: [{mmap: {as: A, size: 1P}}]', 'verdict: clean', ''].join('\n')

/** A verdict in line 4. */
export const verdict = (text: string) =>
  `about: x\nmatrix: {n: [1, 2]}\nsteps: [{mmap: {as: A, size: 1P}}]\nverdict: ${text}\n`

export type Row = readonly [name: string, text: string, ...problems: string[]]

/** Each text must not load, and show exactly these problems, as line:col CODE. */
export function refuses(table: readonly Row[]): void {
  for (const [name, text, ...wanted] of table) {
    t.test(name, async t => {
      const began = process.cpuUsage().user
      const { problems } = loadText('x.yaml', text, known)
      t.ok(process.cpuUsage().user - began < 1_000_000, 'takes less than a second')
      t.same(
        problems.map(({ pos, code }) => `${pos.line}:${pos.col} ${code}`),
        wanted,
      )
      const shown = problems.flatMap(problem => [...pretty(problem)]).join('\n')
      t.notMatch(shown, /[^\t\n\x20-\uffff]|undefined|NaN|\[object/, 'is fit for a terminal')
    })
  }
}
