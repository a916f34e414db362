// Where references, map counts and mappings live after each step, in lines. A page keeps the name of the place where it
// was first seen: mr.page(0), and mr'.page(0) for the page that comes to stand there after it.

import type { RangeSeen, StepSeen, StructPages } from '../engine.ts'

const PAGE = 4096

/** `index` of the name `of`, which is so many frames after the first that stood there. */
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
    const now = new Map(this.#lines(step))
    const news = [...now].filter(([key, line]) => this.#before.get(key) !== line).map(([, line]) => line)
    const gone = [...this.#before.keys()].filter(key => key.startsWith('range ') && !now.has(key))
    this.#before = now
    return [...news, ...gone.map(key => `${key.slice('range '.length).padEnd(WIDTH)}  gone`)]
  }

  *#lines(step: StepSeen): Generator<[key: string, line: string]> {
    this.#learn(step)
    for (const seen of step.ranges) {
      const name = `${seen.process} ${seen.range}`
      yield [`range ${name}`, `${name.padEnd(WIDTH)}  ${this.#runsText(seen.runs)}`]
    }
    for (const { name, runs, freed } of step.frames) {
      const frames = runs.flatMap(({ pfn, pages }) => this.#namesOf(pfn, pages)).join(', ')
      yield [`frames ${name}`, `${name.padEnd(WIDTH)}  ${frames}${freed ? ', freed' : ''}`]
    }
    const pages = step.pages ?? []
    for (const [i, one] of pages.entries()) {
      if (saysNothing(pages, i)) continue
      for (const name of this.#namesOf(one.pfn, one.pages))
        yield [`pages ${name}`, `${name.padEnd(WIDTH)}  ${this.#stateText(one)}`]
    }
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
    const texts = runs.flatMap(({ offset, length, mapped, pfn, writable }) => {
      const how = writable === undefined ? mapped : `${mapped} ${writable ? 'rw' : 'ro'}`
      if (pfn !== undefined) return this.#namesOf(pfn, length / PAGE).map(name => `${how} ${name}`)
      return [runs.length === 1 ? mapped : `${mapped} ${pagesText(offset / PAGE, length / PAGE)}`]
    })
    return few(texts)
  }

  /** `mr.page(0..3)`, `mr'.page(4)` */
  #namesOf(pfn: number, pages: number): string[] {
    const texts: string[] = []
    for (let i = 0; i < pages; ) {
      const { of, index } = this.#names.get(pfn + i) ?? { of: `frame ${pfn + i}`, index: 0 }
      let n = 1
      for (; i + n < pages; n++) {
        const next = this.#names.get(pfn + i + n)
        if (next?.of !== of || next.index !== index + n) break
      }
      texts.push(of.startsWith('frame ') ? of : `${of}.${pagesText(index, n)}`)
      i += n
    }
    return texts
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

const pagesText = (first: number, pages: number): string =>
  `page(${pages === 1 ? first : `${first}..${first + pages - 1}`})`

/** Runs that are told; a range mapped page by page to scattered frames has more. */
const MOST = 4

function few(texts: readonly string[]): string {
  const more = texts.length - MOST
  return more > 1 ? `${texts.slice(0, MOST).join(', ')} and ${more} more` : texts.join(', ')
}
