// Lines to stdout, in one piece.

export function print(lines: Iterable<string>): void {
  let text = ''
  for (const line of lines) text += `${line}\n`
  if (text !== '') process.stdout.write(text)
}
