// Lines that are no longer than a terminal is wide.

/** A line in so many columns, broken at blanks; what goes on in the next line is indented, behind `mark`. */
export function* folded(text: string, width: number, indent: number, mark = ''): Generator<string> {
  let line = text
  const hang = mark.padEnd(indent)
  for (let at = breakAt(line, width, indent); at > 0; at = breakAt(line, width, indent)) {
    yield line.slice(0, at).trimEnd()
    line = hang + line.slice(at).trimStart()
  }
  yield line
}

/** The last blank that leaves a line no longer than `width`; 0: it fits, or has none. */
function breakAt(line: string, width: number, indent: number): number {
  if (line.length <= width) return 0
  const at = line.lastIndexOf(' ', width)
  return at > indent ? at : 0
}
