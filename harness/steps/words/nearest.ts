// The nearest known word, for `did you mean`.

const FARTHEST = 2
const LONGEST = 64

/** `; did you mean "touch"?`, or nothing if no known word is within two edits. */
export function didYouMean(text: string, known: Iterable<string>): string {
  const near = nearest(text, known)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

/** The known word that is fewest edits away, at most two and fewer than it has letters; the first of equals. */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  if (text.length > LONGEST) return undefined
  let best: string | undefined
  let least = FARTHEST + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - text.length) > FARTHEST || candidate.length > LONGEST) continue
    const far = edits(text.toLowerCase(), candidate.toLowerCase())
    if (far < least && far < Math.min(text.length, candidate.length)) {
      best = candidate
      least = far
    }
  }
  return best
}

/** Letters to insert, remove, replace or swap with their neighbour (optimal string alignment). */
function edits(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    before = above
    above = row
  }
  return above[b.length]!
}
