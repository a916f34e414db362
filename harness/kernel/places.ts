// Where things are: files of the project, the cache, programs of the machine.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** A file or folder of the project by its path there; it is found from the sources and from what they compile to. */
export function projectPath(path: string): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, path)) && existsSync(join(folder, 'package.json'))) return join(folder, path)
  }
  throw new Error(`${path} is not part of this installation`)
}

export function readProjectFile(path: string): string {
  return readFileSync(projectPath(path), 'utf8')
}

/** A path below $XDG_CACHE_HOME/mmfunc; nothing is made. */
export function cachePath(...parts: string[]): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mmfunc', ...parts)
}

/** The machine lacks something: what, and what would help. Never a crash, always a `config`. */
export class Lacking extends Error {}

/** Programs that are looked for, and the Debian package that has each. */
const packages = {
  'qemu-system-x86_64': 'qemu-system-x86',
  gcc: 'gcc libc6-dev',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  tar: 'tar',
} as const

/** Whether $PATH has the program. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => folder !== '' && existsSync(join(folder, name)))
}

/** The same name, or the hint what to install. */
export function program(name: keyof typeof packages): string {
  if (hasProgram(name)) return name
  throw new Lacking(`${name} is not installed: apt-get install ${packages[name]}`)
}
