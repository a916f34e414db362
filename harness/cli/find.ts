// Which case files a command line means: files, folders, globs; or areas, tags and names of the project's own cases.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Case } from '../case/case.ts'
import { readText } from '../case/files.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { casesFolder, shown } from './project.ts'
import { Refusal } from './refusal.ts'

/** Files that were named, and words that choose among the cases of the project; nothing named means all of these. */
export interface Wish {
  readonly all: boolean
  readonly files: ReadonlySet<string>
  readonly words: readonly string[]
}

/** A file that is not there is left to the loader to report. */
export async function wish(named: readonly string[]): Promise<Wish> {
  const files = new Set<string>()
  const words: string[] = []
  for (const name of named) {
    const found = await filesOf(name)
    if (found === undefined) words.push(name)
    else for (const file of found) files.add(shown(resolve(file)))
  }
  return { all: named.length === 0, files, words }
}

/** All files that must be read to fulfil the wish. */
export function filesToRead({ all, files, words }: Wish): string[] {
  const project = all ? projectFiles() : words.length > 0 ? projectFiles().filter(file => mayFit(file, words)) : []
  return [...new Set([...files, ...project])].sort()
}

/** The files of all cases that come with the project. */
export const projectFiles = (): string[] => yamlBelow(casesFolder).map(shown)

/** The cases that were meant, of those that were read. */
export function choose(cases: readonly Case[], { files, words }: Wish): Case[] {
  if (words.length === 0) return [...cases]
  return cases.filter(one => files.has(one.file) || words.some(word => fits(one, word)))
}

/** A word that means none of these cases. */
export function meansNothing(cases: readonly Case[], { words }: Wish): string | undefined {
  return words.find(word => !cases.some(one => fits(one, word)))
}

/** `thp`, `thp/pin-fork`, a tag. */
function fits({ name, tags }: Case, word: string): boolean {
  return name === word || name.startsWith(`${word}/`) || tags.includes(word)
}

/** Whether one of the words may mean the case of a file: it stands in its path or its text, where it may be escaped. */
function mayFit(file: string, words: readonly string[]): boolean {
  const text = readText(file)
  // What is wrong with it the loader says.
  if (typeof text !== 'string') return true
  return text.includes('\\') || words.some(word => file.includes(word) || text.includes(word))
}

export function noSuchCase(word: string, cases: readonly Case[]): Refusal {
  const known = new Set(cases.flatMap(({ name, tags }) => [name, name.split('/')[0] ?? name, ...tags]))
  return new Refusal(
    `no case, area or tag is called "${word}"${didYouMean(word, known) || '; mmfunc list cases tells all'}`,
  )
}

/** Files that `name` stands for, or undefined: it is a word. */
async function filesOf(name: string): Promise<string[] | undefined> {
  const stat = statSync(name, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return yamlBelow(name)
  if (stat !== undefined) return [name]
  if (!/[*?[{]/.test(name)) return isYaml.test(name) ? [name] : ownFile(name)
  const { glob } = await import('glob')
  const found = await glob(name, { nodir: true })
  if (found.length === 0) throw new Refusal(`no file matches "${name}"`)
  return found
}

/** `thp/pin-fork` is one file of the project: the others need not be read. */
function ownFile(name: string): string[] | undefined {
  const file = join(casesFolder, `${name}.yaml`)
  return name.includes('/') && existsSync(file) ? [file] : undefined
}

function yamlBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(one => one.isFile() && isYaml.test(one.name))
    .map(({ parentPath, name }) => join(parentPath, name))
}

const isYaml = /\.ya?ml$/
