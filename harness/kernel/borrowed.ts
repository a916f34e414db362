// What is borrowed of a machine that is in use is written down before anything is changed, so that it can be given back
// also when whoever borrowed it was killed. It stands in /run, which is gone when the settings are: at the next boot.

import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Lacking } from './places.ts'
import { isStuck, poolsToLeave, type Returned, readSettings, type Setting, wait, writeSettings } from './settings.ts'

interface Process {
  readonly pid: number
  /** When it began: its number may come again. */
  readonly began: string
}

interface Record extends Process {
  /** A record of another boot says nothing of this one. */
  readonly boot: string
  /** Who changes settings until it has ended, and takes seconds to end while it clears a huge page. */
  readonly probe?: Process
  readonly settings: readonly Setting[]
}

/** Whether a run was killed before it gave everything back. */
export function isOwed(root = '/'): boolean {
  const record = recordIn(root)
  return record !== undefined && !isAlive(record)
}

/** One sentence for whoever can help. */
export const owedText = 'a run on this machine was killed and has left settings changed: mmfunc restore gives them back'

/**
 * Writes down all settings but those of pools that are left alone. Throws `Lacking` where they are not ours to change.
 */
export function borrow(root = '/'): void {
  const other = recordIn(root)
  if (other !== undefined)
    throw new Lacking(isAlive(other) ? `mmfunc runs on this machine already, as process ${other.pid}` : owedText)
  const { pid } = process
  keep(root, { boot: bootOf(root), pid, began: beganOf(pid) ?? '', settings: readSettings(root, poolsToLeave(root)) })
}

/** Whom the settings are lent to, from now on. */
export function lend(pid: number, root = '/'): void {
  const record = recordIn(root)
  const began = beganOf(pid)
  if (record === undefined || began === undefined) return
  writeWhole(fileIn(root), { ...record, probe: { pid, began } }, renameSync)
}

/** How long a probe may take to end. */
const dying = 20_000
const pause = 20

/** Ends whoever still changes settings. */
function takeBack({ probe }: Record): void {
  if (probe === undefined || !isAlive(probe)) return
  try {
    process.kill(probe.pid, 'SIGTERM')
  } catch {
    // It has just ended.
  }
  for (let waited = 0; waited < dying && isAlive(probe); waited += pause) wait(pause)
}

/** Gives back what was borrowed, and tells of what had been changed. What can be had later stays written down. */
export function giveBack(root = '/'): readonly Returned[] {
  const record = recordIn(root)
  if (record === undefined) return []
  takeBack(record)
  const returned = writeSettings(root, record.settings)
  if (returned.every(({ path, done }) => done || isStuck(root, path))) forget(root)
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

/** Never over that of another. */
function keep(root: string, record: Record): void {
  mkdirSync(join(root, 'run', 'mmfunc'), { recursive: true, mode: 0o700 })
  try {
    writeWhole(fileIn(root), record, linkSync)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Lacking('another run of mmfunc has just begun on this machine')
  }
}

/** Whole or not at all. */
function writeWhole(file: string, record: Record, place: (from: string, to: string) => void): void {
  const work = `${file}.${process.pid}`
  const fd = openSync(work, 'w', 0o600)
  try {
    writeSync(fd, `${JSON.stringify(record, undefined, 2)}\n`)
    fsyncSync(fd)
    place(work, file)
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

function isAlive({ pid, began }: Process): boolean {
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
