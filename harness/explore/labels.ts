// The pages that a case has named or mapped, by the names that it would use: `A.page(3)`.

import type { PagesSeen } from '../engine.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { NULL, type Page, page } from '../model/mm/mm_types.ts'
import * as pageFlags from '../model/mm/page-flags.ts'
import { S } from '../model/store.ts'
import { mapAt } from './look.ts'
import type { World } from './world.ts'

/** Each flag's name without PG_, and its bit. */
const flags = Object.entries(pageFlags).flatMap(([name, bit]) =>
  name.startsWith('PG_') && typeof bit === 'number' ? [[name.slice(3), bit] as const] : [],
)

export function flagText(bits: number): string {
  return flags
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}

interface Label {
  readonly of: string
  readonly index: number
}

export class Labels {
  readonly #labels = new Map<Page, Label>()

  /** Frames go by the range that maps them, else by the name that they were given. */
  constructor(world: World) {
    for (const [of, { addr, size }] of world.ranges) {
      for (const mm of world.processes.values())
        for (let index = 0; index < size / PAGE; index++) this.#add(mapAt(mm, addr + index).frame, { of, index })
    }
    for (const [of, frames] of world.frames)
      for (const [index, frame] of frames.entries()) this.#add(frame, { of, index })
  }

  #add(frame: Page, label: Label): void {
    if (frame !== NULL && !this.#labels.has(frame)) this.#labels.set(frame, label)
  }

  /** `A.page(3)`, or undefined: the case does not know it. */
  of(frame: Page): string | undefined {
    const label = this.#labels.get(frame)
    return label && `${label.of}.page(${label.index})`
  }

  /** How the pages stand, neighbours of one state in one line. */
  states(): PagesSeen[] {
    const runs: (Label & { last: number; readonly state: string })[] = []
    for (const [frame, { of, index }] of this.#labels) {
      const state = stateOf(frame)
      const run = runs.at(-1)
      if (run?.of === of && run.last === index - 1 && run.state === state) run.last = index
      else runs.push({ of, index, last: index, state })
    }
    return runs.map(({ of, index, last, state }) => {
      return { pages: `${of}.page(${index === last ? index : `${index}..${last}`})`, state }
    })
  }
}

/** The words of a struct page as it stands, without following it anywhere. */
function stateOf(frame: Page): string {
  const tail = (S[frame + page.compound_head]! & 1) !== 0
  const words = [tail ? 'tail' : '', flagText(S[frame + page.flags]!)].filter(word => word !== '')
  const counts = `count ${S[frame + page._count]} mapcount ${S[frame + page._mapcount]! + 1}`
  return [...words, counts].join(' ')
}
