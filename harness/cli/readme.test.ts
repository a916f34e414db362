// README.md says nothing that does not run: its files are written down, its commands are given, and what it shows of
// their answers is there. What takes a real kernel is not tried.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { root } from './project.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

/** A fenced block, and the paragraph before it. */
interface Block {
  readonly language: string
  readonly lines: readonly string[]
  readonly before: string
}

/** A command and what is shown of its answer. */
interface Transcript {
  readonly command: string
  readonly shown: readonly string[]
  /** Lines are left out without a mark. */
  readonly shortened: boolean
}

const fence = /(?:^|\n\n)((?:(?!```).+\n)*)\n?```(\w*)\n([\s\S]*?)\n```/g

function blocksOf(text: string): Block[] {
  return [...text.matchAll(fence)].map(([, before = '', language = '', body = '']) => {
    return { language, lines: body.split('\n'), before: before.replaceAll('\n', ' ') }
  })
}

/** `# name.yaml` or `// name.ts` as the first line of a block. */
function filesIn(blocks: readonly Block[]): Record<string, string> {
  const named = blocks.flatMap(({ lines }) => {
    const name = /^(?:#|\/\/) ([\w-]+\.(?:yaml|ts))$/.exec(lines[0]!)?.[1]
    return name === undefined ? [] : [[name, `${lines.join('\n')}\n`] as const]
  })
  return Object.fromEntries(named)
}

/** Behind a `$`, or else the last command of the paragraph before. `--step` there means the replay shown last. */
function transcriptsIn({ language, lines, before }: Block): Transcript[] {
  if (language !== '') return []
  const shortened = before.includes('(shortened here)')
  const found: { command: string; shown: string[] }[] = []
  for (const line of lines) {
    if (line.startsWith('$ ')) found.push({ command: line.slice(2), shown: [] })
    else found.at(-1)?.shown.push(line)
  }
  if (found.length > 0) return found.map(one => ({ ...one, shortened }))
  const command = [...before.matchAll(/`(mmfunc [^`]+|--step)`/g)].at(-1)?.[1]
  return command === undefined ? [] : [{ command, shown: lines, shortened: shortened || command === '--step' }]
}

/** The words of a shell command; what stands in quotes is one. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)

function mmfunc(cwd: string, args: readonly string[]): Promise<{ status: number | null; stdout: string }> {
  const env = { ...process.env, XDG_CACHE_HOME: join(cwd, 'cache') }
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
  let stdout = ''
  child.stdout.on('data', data => {
    stdout += data
  })
  return new Promise(resolve => child.on('close', status => resolve({ status, stdout })))
}

/** A schedule belongs to one state of the model. */
const plain = (line: string): string => line.replace(/\b[0-9a-f]{8}\b/, 'DIGEST').trimEnd()

/** `…` in a line stands for some of it. */
function isShown(shown: string, line: string | undefined): boolean {
  const parts = plain(shown).split('…')
  if (parts.length === 1) return line === parts[0]
  const pattern = parts.map(part => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')
  return line !== undefined && new RegExp(`^${pattern}$`).test(line)
}

/** The first line that is shown and not there in its place; `[…]` stands for any lines. */
function firstMissing({ shown, shortened }: Transcript, answer: readonly string[]): string | undefined {
  let at = 0
  let isLoose = shortened
  for (const line of shown) {
    if (line === '[…]') {
      isLoose = true
      continue
    }
    const found = isLoose ? answer.findIndex((one, i) => i >= at && isShown(line, one)) : at
    if (!isShown(line, answer[found])) return line
    at = found + 1
    isLoose = shortened
  }
  return isLoose || at === answer.length ? undefined : `nothing, where there is: ${answer[at]}`
}

const text = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = blocksOf(text)
const files = filesIn(blocks)

t.test('the cases of the README come out as they say', async t => {
  const cwd = t.testdir(files)
  const cases = Object.keys(files).filter(name => name.endsWith('.yaml'))
  t.strictSame(cases, ['my-case.yaml', 'reserve.yaml', 'munlock-split.yaml', 'mapped.yaml'])
  const { status, stdout } = await mmfunc(cwd, ['run', ...cases])
  t.equal(status, 0, stdout)
})

t.test('the commands of the README answer what it shows', async t => {
  const cwd = t.testdir(files)
  const transcripts = blocks.flatMap(transcriptsIn).filter(({ command }) => !command.includes('--kernel'))
  t.equal(transcripts.length, 9)
  let before: readonly string[] = []
  for (const transcript of transcripts) {
    const replay = before.findLast(line => line.includes('mmfunc replay'))?.trim()
    const command = transcript.command === '--step' ? `${replay} --step` : transcript.command
    const { stdout } = await mmfunc(cwd, wordsOf(command).slice(1))
    // From the project's folder its cases are named by their path there.
    before = stdout.replaceAll(`${root}/`, '').trimEnd().split('\n')
    t.equal(firstMissing(transcript, before.map(plain)), undefined, command)
  }
})
