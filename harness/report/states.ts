// Where references, map counts and mappings live after each step, in lines. A page keeps the name of the place where it
// was first seen: mr.page(0), and mr'.page(0) for the page that comes to stand there after it.

import type { RangeSeen, StepSeen, StructPages } from '../engine.ts'

const PAGE = 4096

/** The place that a frame goes by. */
interface Name {
  readonly of: string
  readonly index: number
}

/** Takes the steps of one run one after another. */
export class States {
  readonly #names = new Map<number, Name>()
  /** How many frames have had a place. */
  readonly #had = new Map<string, number>()
  #seen: ReadonlySet<number> = new Set()
  readonly #anonVmas = new Map<number, string>()
  #before: ReadonlyMap<string, string> = new Map()

  /** What is otherwise than after the step before. */
  news(step: StepSeen): string[] {
    // The kernel has died of it: nobody has looked.
    if (step.pages === undefined) return []
    const now = new Map(this.#lines(step))
    const news = [...now].filter(([key, line]) => this.#before.get(key) !== line).map(([, line]) => line)
    const gone = [...this.#before.keys()].filter(key => key.startsWith('range ') && !now.has(key))
    this.#before = now
    return [...news, ...gone.map(key => inColumns(key.slice('range '.length), 'gone'))]
  }

  *#lines(step: StepSeen): Generator<[key: string, line: string]> {
    this.#learn(step)
    for (const { process, range, runs } of step.ranges)
      yield [`range ${process} ${range}`, inColumns(`${process} ${range}`, this.#runsText(runs))]
    for (const { name, runs, freed } of step.frames) {
      const spans = joined(runs.flatMap(({ pfn, pages }) => this.#spansOf(pfn, pages, '')))
      yield [`frames ${name}`, inColumns(name, `${spans.map(spanText).join(', ')}${freed ? ', freed' : ''}`)]
    }
    const pages = step.pages ?? []
    const spans = pages.flatMap((one, i) =>
      saysNothing(pages, i) ? [] : this.#spansOf(one.pfn, one.pages, this.#stateText(one)),
    )
    for (const span of joined(spans.sort((a, b) => (a.of === b.of ? a.index - b.index : a.of < b.of ? -1 : 1))))
      yield [`pages ${spanText(span)}`, inColumns(spanText(span), span.state)]
  }

  /** Gives a name to every frame and anon_vma that has none. */
  #learn({ ranges, frames }: StepSeen): void {
    const seen = new Set<number>()
    const meet = (pfn: number, of: string, index: number) => {
      if (!seen.has(pfn)) this.#name(pfn, of, index)
      seen.add(pfn)
    }
    for (const { process, range, runs, anon_vma } of ranges) {
      if (anon_vma !== undefined && !this.#anonVmas.has(anon_vma)) this.#anonVmas.set(anon_vma, `${process} ${range}`)
      for (const { offset, length, pfn } of runs)
        if (pfn !== undefined) for (let i = 0; i < length / PAGE; i++) meet(pfn + i, range, offset / PAGE + i)
    }
    for (const { name, runs } of frames) {
      let index = 0
      for (const { pfn, pages } of runs) for (let i = 0; i < pages; i++) meet(pfn + i, name, index++)
    }
    this.#seen = seen
  }

  /** A frame that was not to be seen after the step before has been given back meanwhile, and may be another page. */
  #name(pfn: number, of: string, index: number): void {
    const known = this.#names.get(pfn)
    const isSame = known !== undefined && (this.#seen.has(pfn) || (known.of === of && known.index === index))
    if (isSame) return
    const place = `${of} ${index}`
    const had = this.#had.get(place) ?? 0
    this.#had.set(place, had + 1)
    this.#names.set(pfn, { of: of + "'".repeat(had), index })
  }

  #runsText(runs: RangeSeen['runs']): string {
    const spans = runs.flatMap(({ offset, length, mapped, pfn, writable }): Span[] => {
      if (pfn === undefined) return [{ of: '', index: offset / PAGE, pages: length / PAGE, state: mapped }]
      return this.#spansOf(pfn, length / PAGE, writable === undefined ? mapped : `${mapped} ${writable ? 'rw' : 'ro'}`)
    })
    const texts = joined(spans).map(span => `${span.state} ${spanText(span)}`)
    return spans.length === 1 && spans[0]!.of === '' ? spans[0]!.state : few(texts)
  }

  /** The frames by their names, as far as these run on. */
  #spansOf(pfn: number, pages: number, state: string): Span[] {
    const spans: Span[] = []
    for (let i = 0; i < pages; i++) {
      const name = this.#names.get(pfn + i) ?? { of: 'frame', index: pfn + i }
      spans.push({ ...name, pages: 1, state })
    }
    return joined(spans)
  }

  #stateText({ count, mapcount, mapping, flags }: StructPages): string {
    const words = [`count ${count}`, `mapcount ${mapcount}`]
    if (mapping?.kind === 'anon_vma') {
      const whose = this.#anonVmas.get(mapping.of)
      words.push(`${mapping.freed ? 'freed ' : ''}anon_vma${whose === undefined ? '' : ` of ${whose}`}`)
    } else if (mapping !== undefined) words.push(mapping.kind)
    return [...words, flags].filter(word => word !== '').join('  ')
  }
}

/** Columns of a name. */
const WIDTH = 18

/** Tails that only repeat what their head says, or of which none says anything. */
function saysNothing(pages: readonly StructPages[], at: number): boolean {
  const { flags, count, mapcount } = pages[at]!
  if (flags !== 'tail' || count !== 0) return false
  const head = pages.findLast(({ flags }, i) => i < at && isHead.test(flags))
  const areAllTails = pages[at - 1] === head && !pages[at + 1]?.flags.startsWith('tail')
  return mapcount === head?.mapcount || (mapcount === 0 && areAllTails)
}

const isHead = /\bhead\b/

/** Pages of one name in a row, in one state. */
interface Span extends Name {
  readonly pages: number
  readonly state: string
}

/** Neighbours of one state become one. */
function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = []
  for (const span of spans) {
    const last = found.at(-1)
    const goesOn = last?.of === span.of && last.state === span.state && last.index + last.pages === span.index
    if (goesOn) found[found.length - 1] = { ...last, pages: last.pages + span.pages }
    else found.push(span)
  }
  return found
}

/** `mr.page(3)`, `mr'.page(0..7)` */
function spanText({ of, index, pages }: Span): string {
  return `${of === '' ? '' : `${of}.`}page(${pages === 1 ? index : `${index}..${index + pages - 1}`})`
}

const inColumns = (name: string, text: string): string => `${name.padEnd(WIDTH)}  ${text}`

/** Runs that are told; a range mapped page by page to scattered frames has more. */
const MOST = 4

function few(texts: readonly string[]): string {
  const more = texts.length - MOST
  return more > 1 ? `${texts.slice(0, MOST).join(', ')} and ${more} more` : texts.join(', ')
}
