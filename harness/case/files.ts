// From the name of a file to its text.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { TextDecoder } from 'node:util'
import type { Problem } from './problem.ts'
import { fileProblem, Problems } from './problems.ts'
import { MOST_BYTES } from './text.ts'

/** The text of a file, or why there is none. */
export function readText(file: string): string | Problem {
  let bytes: Buffer
  try {
    if (!statSync(file).isFile()) return fileProblem(file, 'NO_FILE', 'this is no file')
    bytes = readStart(file)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    const why = reasons[code] ?? code
    return fileProblem(file, 'NO_FILE', `the file cannot be read: ${why}`)
  }
  if (bytes.length > MOST_BYTES)
    return fileProblem(file, 'TOO_LARGE', `the file has more than ${MOST_BYTES / 1024} KiB`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return notUtf8(file, bytes)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is none of this name',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
}

/** One for all files: to make one for each takes longer than to read it. */
const buffer = Buffer.allocUnsafeSlow(MOST_BYTES + 1)

/** At most one byte more than a case may have: a file may grow while it is read, or say that it is empty. */
function readStart(file: string): Buffer {
  const fd = openSync(file, 'r')
  try {
    let length = 0
    for (let n = -1; n !== 0 && length < buffer.length; length += n)
      n = readSync(fd, buffer, length, buffer.length - length, null)
    return buffer.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

/** Points at the first byte that is not UTF-8. */
function notUtf8(file: string, bytes: Buffer): Problem {
  const lossy = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const again = Buffer.from(lossy)
  let at = 0
  while (bytes[at] === again[at]) at++
  // Behind a valid prefix stands U+FFFD, whose first byte may agree by chance.
  const start = lossyIndex(bytes, at)
  const problems = new Problems(file, lossy)
  problems.add('BAD_TEXT', { start, end: start + 1 }, 'the file is not UTF-8 from here on')
  return problems.list()[0]!
}

/** How many UTF-16 units the whole characters before byte `at` have. */
function lossyIndex(bytes: Buffer, at: number): number {
  for (let end = at; end > at - 4; end--) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, Math.max(0, end)))
        .length
    } catch {
      // The prefix ends within a character: try one byte less.
    }
  }
  return 0
}
