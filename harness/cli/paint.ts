// Colour, where it is wanted.

import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { type Paint, plain } from '../report/reporter.ts'

/** Colours for a terminal, unless NO_COLOR is set or the terminal is dumb. */
export function paintFor(stream: Pick<WriteStream, 'isTTY'>): Paint {
  const { NO_COLOR, TERM } = process.env
  if (!stream.isTTY || NO_COLOR || TERM === 'dumb') return plain
  return (colour, text) => styleText(colour, text)
}
