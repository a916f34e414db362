// What the cases run under: variants of the model, real kernels.

import type { Case } from '../case/case.ts'
import type { Engine } from '../engine.ts'
import { modelEngine } from '../explore/model-engine.ts'
import type { Rounds } from '../kernel/program.ts'
import type { Patch } from '../model/history/patch.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { type Group, groupOf } from './groups.ts'
import { kernelEngine } from './kernels.ts'
import { Refusal } from './refusal.ts'
import { sharesOf, variantOf } from './variants.ts'

export interface SubjectOptions {
  readonly variant: readonly string[]
  readonly engine?: string
  readonly kernel: readonly string[]
  readonly patch: readonly string[]
  /** How often, or how long, a real kernel runs a race. */
  readonly rounds?: string
  readonly seconds?: string
}

/** Whether the model is among what cases run on. */
export function isOfModel(options: SubjectOptions): boolean {
  return options.variant.length > 0 || kernelsOf(options).length === 0
}

/** One group for each subject; real kernels only where they are asked for. */
export async function groupsFor(
  cases: readonly Case[],
  options: SubjectOptions,
  own: readonly Patch[],
): Promise<Group[]> {
  const kernels = kernelsOf(options)
  const groups: Group[] = []
  if (isOfModel(options)) {
    for (const share of sharesOf(cases, options.variant, own))
      groups.push(groupOf(modelEngine(share.variant), share.cases))
  }
  for (const kernel of kernels) groups.push(groupOf(await kernelEngine(kernel, roundsOf(options)), cases))
  return groups
}

/** What a word of `compare` means: a real kernel (`debian:6.1`, a path, `host`), else a variant with `own` on top. */
export async function engineFor(text: string, own: readonly Patch[]): Promise<Engine> {
  if (/[:/]/.test(text) || text === 'host') return kernelEngine(text)
  return modelEngine(variantOf(text, own))
}

function roundsOf({ rounds, seconds }: SubjectOptions): Rounds | undefined {
  if (rounds === undefined && seconds === undefined) return undefined
  return { rounds: numberOf('--rounds', rounds), seconds: numberOf('--seconds', seconds) }
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Refusal(`${option} is a whole number from 1 to 999999, not "${text}"`)
  return Number(text)
}

function kernelsOf({ engine, kernel }: SubjectOptions): readonly string[] {
  const engines = ['model', 'qemu', 'host']
  if (engine !== undefined && !engines.includes(engine)) {
    throw new Refusal(`no engine is called "${engine}"${didYouMean(engine, engines)}`)
  }
  if (engine === 'model' && kernel.length > 0) throw new Refusal('--kernel needs --engine qemu')
  if (engine === 'host') {
    if (kernel.some(name => name !== 'host')) throw new Refusal('the engine host runs no kernel but the running one')
    return ['host']
  }
  if (engine === 'qemu' && kernel.includes('host')) throw new Refusal('QEMU boots no kernel called host')
  if (engine === 'qemu' && kernel.length === 0) throw new Refusal('which kernel? for example --kernel debian:6.1')
  return kernel
}
