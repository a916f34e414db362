// Which of two schedules is easier to follow: `munlocker 4 · splitter 2 · munlocker`.

/** Fewer turns first, then fewer steps, then by the text, so that there is always a first. */
export function compareSchedules(a: string, b: string): number {
  return turns(a) - turns(b) || steps(a) - steps(b) || (a < b ? -1 : a > b ? 1 : 0)
}

function turns(schedule: string): number {
  return schedule.split('·').length
}

function steps(schedule: string): number {
  return [...schedule.matchAll(/ (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
}
