// One test point under two subjects, step by step, as a diff: what both do alike, then what only the one or the other.

import { answerText } from '../check/answers.ts'
import type { Anomaly, Result } from '../check/result.ts'
import type { OpTaken, RaceArgs, Step, StepSeen } from '../engine.ts'
import { exploredText } from './race.ts'
import { States } from './states.ts'
import { anomalyText, oneLine } from './words.ts'

/** The point under one subject, with every range looked at; of a race that goes wrong also the steps of a schedule. */
export interface Side {
  readonly result: Result
  readonly took?: readonly OpTaken[]
}

/** ` ` both, `-` only the first, `+` only the second. */
export interface StoryLine {
  readonly mark: ' ' | '-' | '+'
  readonly indent: number
  readonly text: string
}

/** A step, or what comes after the last, and what is new then. */
interface Scene {
  readonly title: string
  readonly lines: readonly string[]
}

export function* storyLines(first: Side, second?: Side): Generator<StoryLine> {
  const ours = scenesOf(first)
  if (second === undefined) return yield* ours.flatMap(scene => told(' ', scene))
  const theirs = scenesOf(second)
  while (ours.length > 0 || theirs.length > 0) {
    const [a, b] = [ours[0], theirs[0]]
    if (a !== undefined && b !== undefined && a.title === b.title) {
      yield { mark: ' ', indent: 1, text: a.title }
      yield* differences(ours.shift()!.lines, theirs.shift()!.lines)
    } else if (a !== undefined && !theirs.some(({ title }) => title === a.title)) yield* told('-', ours.shift()!)
    else yield* told('+', theirs.shift()!)
  }
}

function told(mark: StoryLine['mark'], { title, lines }: Scene): StoryLine[] {
  return [{ mark, indent: 1, text: title }, ...lines.map(text => ({ mark, indent: 2, text }))]
}

function* differences(ours: readonly string[], theirs: readonly string[]): Generator<StoryLine> {
  const line = (mark: StoryLine['mark'], text: string): StoryLine => ({ mark, indent: 2, text })
  for (const text of ours) if (theirs.includes(text)) yield line(' ', text)
  for (const text of ours) if (!theirs.includes(text)) yield line('-', text)
  for (const text of theirs) if (!ours.includes(text)) yield line('+', text)
}

function scenesOf({ result, took }: Side): Scene[] {
  const { steps, observation, explored, anomalies } = result
  const states = new States()
  const scenes = (observation?.steps ?? []).map((seen): Scene => {
    const step = steps[seen.index]!
    return {
      title: step.text,
      lines: [...answerLine(step, seen), ...states.news(seen), ...badAt(anomalies, seen.index)],
    }
  })
  const race = steps.find(({ verb }) => verb === 'race')
  if (explored !== undefined && race !== undefined) {
    const [shown] = explored.shown
    const lines =
      shown === undefined
        ? [`clean: ${exploredText({ ...result, explored })}`]
        : [`for example ${shown.schedule}`, ...stops(took ?? []), ...shown.anomalies.map(anomalyLine)]
    scenes.push({ title: raceTitle(race.args as RaceArgs), lines })
  }
  const late = badAt(anomalies, undefined)
  if (explored === undefined && late.length > 0) scenes.push({ title: 'after the last process', lines: late })
  if (result.reason !== undefined) scenes.push({ title: result.status, lines: [oneLine(result.reason)] })
  return scenes
}

const raceTitle = ({ threads }: RaceArgs): string =>
  `race: ${threads.map(({ name, steps }) => `${name} [${steps.map(({ text }) => text).join(', ')}]`).join(', ')}`

function answerLine(step: Step, { answer }: StepSeen): string[] {
  return answer.kind === 'ok' || step.verb === 'expect' ? [] : [`answers ${answerText(answer)}`]
}

const badAt = (anomalies: readonly Anomaly[], index: number | undefined): string[] =>
  anomalies.filter(({ step }) => step === index).map(anomalyLine)

/** Where it is said stands above it. */
const anomalyLine = (anomaly: Anomaly): string => oneLine(anomalyText({ ...anomaly, pos: undefined }))

/** Where each thread stops for another, and how the pages stand then. */
function* stops(took: readonly OpTaken[]): Generator<string> {
  let pages = new Set<string>()
  let steps = 0
  for (const [i, { thread, op, within, pages: seen }] of took.entries()) {
    const isBefore = thread === ''
    if (!isBefore) steps++
    if (took[i + 1]?.thread === thread) continue
    const now = seen.map(run => `  ${run.pages.padEnd(16)}  ${run.state}`)
    if (!isBefore) {
      const ends = !took.slice(i + 1).some(later => later.thread === thread)
      const where = `${op.split(': ')[0]} in ${within.slice(0, 3).join(' < ')}`
      yield `${thread} ${steps}${ends ? ', to its end' : `, to ${where}`}`
      yield* now.filter(line => !pages.has(line))
    }
    pages = new Set(now)
    steps = 0
  }
}
