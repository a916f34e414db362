// What is borrowed of a machine that is in use is written down before anything is changed, so that it can be given back
// also when whoever borrowed it was killed. It stands in /run, which is gone when the settings are: at the next boot.

import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Lacking } from './places.ts'
import { poolsInUse, type Returned, readSettings, type Setting, writeSettings } from './settings.ts'

interface Record {
  /** A record of another boot says nothing of this one. */
  readonly boot: string
  readonly pid: number
  /** When that process began: its number may come again. */
  readonly began: string
  readonly settings: readonly Setting[]
}

/** Whether a run was killed before it gave everything back. */
export function isOwed(root = '/'): boolean {
  const record = recordIn(root)
  return record !== undefined && !isAlive(record)
}

/** One sentence for whoever can help. */
export const owedText = 'a run on this machine was killed and has left settings changed: mmfunc restore gives them back'

/** Writes down all settings. Throws `Lacking` where they are not ours to change. */
export function borrow(root = '/'): void {
  const other = recordIn(root)
  if (other !== undefined)
    throw new Lacking(isAlive(other) ? `mmfunc runs on this machine already, as process ${other.pid}` : owedText)
  const inUse = poolsInUse(root)
  if (inUse !== undefined) throw new Lacking(inUse)
  const { pid } = process
  keep(root, { boot: bootOf(root), pid, began: beganOf(pid) ?? '', settings: readSettings(root) })
}

/** Gives back what was borrowed, and tells of what had been changed. What cannot be had stays written down. */
export function giveBack(root = '/'): readonly Returned[] {
  const record = recordIn(root)
  if (record === undefined) return []
  const returned = writeSettings(root, record.settings)
  if (returned.every(({ done }) => done)) forget(root)
  return returned
}

/** The process that has borrowed settings and is still going, if there is one. */
export function borrower(root = '/'): number | undefined {
  const record = recordIn(root)
  return record !== undefined && isAlive(record) ? record.pid : undefined
}

function fileIn(root: string): string {
  return join(root, 'run', 'mmfunc', 'borrowed.json')
}

/** Whole or not at all, and never over that of another. */
function keep(root: string, record: Record): void {
  const file = fileIn(root)
  const work = `${file}.${process.pid}`
  mkdirSync(join(root, 'run', 'mmfunc'), { recursive: true, mode: 0o700 })
  const fd = openSync(work, 'w', 0o600)
  try {
    writeSync(fd, `${JSON.stringify(record, undefined, 2)}\n`)
    fsyncSync(fd)
    linkSync(work, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Lacking('another run of mmfunc has just begun on this machine')
  } finally {
    closeSync(fd)
    rmSync(work, { force: true })
  }
}

function recordIn(root: string): Record | undefined {
  let text: string
  try {
    text = readFileSync(fileIn(root), 'utf8')
  } catch {
    return undefined
  }
  const record = JSON.parse(text) as Record
  if (record.boot === bootOf(root)) return record
  forget(root)
  return undefined
}

function forget(root: string): void {
  rmSync(dirname(fileIn(root)), { recursive: true, force: true })
}

function bootOf(root: string): string {
  return readFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'utf8').trim()
}

function isAlive({ pid, began }: Record): boolean {
  return beganOf(pid) === began
}

/** Field 22 of /proc/PID/stat; what stands before may hold blanks and brackets. A zombie is no more. */
function beganOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : fields[18]
  } catch {
    return undefined
  }
}
