// `--report FORMAT:FILE`: opens what a run writes to, and feeds every report with the same results.

import { appendFileSync, closeSync, openSync } from 'node:fs'
import type { Result } from '../check/result.ts'
import { json } from '../report/json.ts'
import { type MakeReporter, type Plan, plain, type Reporter } from '../report/reporter.ts'
import { table } from '../report/table.ts'
import type { Tally } from '../report/tally.ts'
import { tap } from '../report/tap.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { paintFor } from './paint.ts'
import { Refusal } from './refusal.ts'

const formats: Readonly<Record<string, MakeReporter>> = { tap, table, json }

export interface Target {
  readonly format: string
  /** `-` is stdout. */
  readonly file: string
}

/** Reads one `--report`. */
export function parseReport(text: string): Target {
  const colon = text.indexOf(':')
  const format = colon < 0 ? text : text.slice(0, colon)
  const file = colon < 0 ? '-' : text.slice(colon + 1)
  const known = Object.keys(formats)
  if (!Object.hasOwn(formats, format)) {
    throw new Refusal(
      `no report is called "${format}"${didYouMean(format, known) || `; there are ${known.join(', ')}`}`,
    )
  }
  if (file === '') throw new Refusal(`--report ${text} names no file; stdout is "${format}:-"`)
  return { format, file }
}

/** What was asked for; by default a table for a person and TAP for a program. Stdout holds one report only. */
export function reportsOf(targets: readonly Target[]): readonly Target[] {
  if (targets.length === 0) return [{ format: process.stdout.isTTY ? 'table' : 'tap', file: '-' }]
  if (targets.filter(({ file }) => file === '-').length > 1) throw new Refusal('only one report can go to stdout')
  return targets
}

/** Whether a report shows every range at every step. */
export function wantsDetail(targets: readonly Target[]): boolean {
  return targets.some(({ format }) => format === 'json')
}

export class Reports {
  readonly #open: readonly { readonly reporter: Reporter; readonly sink: Sink }[]

  /** Opens the files first: what cannot be written is refused before anything runs. `makeRoom` comes before stdout. */
  constructor(targets: readonly Target[], plan: Omit<Plan, 'paint'>, makeRoom: () => void) {
    this.#open = targets.map(({ format, file }) => {
      const paint = file === '-' ? paintFor(process.stdout) : plain
      const make = formats[format]!
      return { reporter: make({ ...plan, paint }), sink: file === '-' ? stdout(makeRoom) : fileSink(file) }
    })
  }

  async begin(): Promise<void> {
    for (const { reporter, sink } of this.#open) await sink.write(reporter.begin())
  }

  async result(result: Result): Promise<void> {
    for (const { reporter, sink } of this.#open) await sink.write(reporter.result(result))
  }

  async end(tally: Tally): Promise<void> {
    for (const { reporter, sink } of this.#open) {
      await sink.write(reporter.end(tally))
      sink.close()
    }
  }
}

interface Sink {
  write(lines: Iterable<string>): Promise<void> | void
  close(): void
}

function stdout(makeRoom: () => void): Sink {
  return {
    async write(lines) {
      const text = joined(lines)
      if (text === '') return
      makeRoom()
      if (!process.stdout.write(text)) await new Promise(resolve => process.stdout.once('drain', resolve))
    },
    close() {},
  }
}

function fileSink(file: string): Sink {
  let fd: number
  try {
    fd = openSync(file, 'w')
  } catch (error) {
    throw new Refusal(`cannot write ${file}: ${(error as Error).message}`)
  }
  return {
    write(lines) {
      const text = joined(lines)
      if (text !== '') appendFileSync(fd, text)
    },
    close: () => closeSync(fd),
  }
}

function joined(lines: Iterable<string>): string {
  let text = ''
  for (const line of lines) text += `${line}\n`
  return text
}
