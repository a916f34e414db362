// Schedules in words, to be read, typed and kept: `munlocker 4 · splitter 2 · munlocker`.

/** One turn: `thread` goes `steps` steps (ops); undefined: to its end. */
export interface Turn {
  readonly thread: string
  readonly steps: number | undefined
}

export function scheduleText(turns: readonly Turn[]): string {
  return turns.map(({ thread, steps }) => (steps === undefined ? thread : `${thread} ${steps}`)).join(' · ')
}

/** The turns that `text` says, with or without dots between them; undefined if it is no schedule. */
export function parseSchedule(text: string): readonly Turn[] | undefined {
  const words = text.split(/[\s·]+/).filter(word => word !== '')
  const turns: { thread: string; steps: number | undefined }[] = []
  for (const word of words) {
    const last = turns.at(-1)
    if (/^[A-Za-z][\w-]*$/.test(word)) turns.push({ thread: word, steps: undefined })
    else if (/^[1-9]\d{0,14}$/.test(word) && last !== undefined && last.steps === undefined) last.steps = Number(word)
    else return undefined
  }
  return turns.length > 0 ? turns : undefined
}

/** Order of two schedules: fewer turns first, then fewer steps, then by the text, so that there is always a first. */
export function compareSchedules(a: string, b: string): number {
  const [left, right] = [measure(a), measure(b)]
  return left.turns - right.turns || left.steps - right.steps || (a < b ? -1 : a > b ? 1 : 0)
}

function measure(text: string): { readonly turns: number; readonly steps: number } {
  const turns = parseSchedule(text) ?? []
  return { turns: turns.length, steps: turns.reduce((sum, { steps = 0 }) => sum + steps, 0) }
}
