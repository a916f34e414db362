// Stryker's test runner: each test point of the cases is a test, run in the process that holds the changed model.
//
// Stryker builds a copy of the project that has all mutants in it, of which a global switches one on, and starts
// runners there. What is run comes from that copy; this file itself from the project.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext, type MutantCoverage } from '@stryker-mutator/api/core'
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner'
import type { Point, points } from './points.ts'

/** What the changed sources look at. */
const switches: InstrumenterContext = {}
Object.assign(globalThis, { [INSTRUMENTER_CONSTANTS.NAMESPACE]: switches })

export class CaseRunner implements TestRunner {
  protected readonly detector: boolean = false
  #points: readonly Point[] | undefined

  /** A model that was loaded stays so: what a mutant changes at boot time needs a process of its own. */
  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  /** All points, each with the mutants that it comes by. */
  async dryRun(): Promise<DryRunResult> {
    const tests: TestResult[] = []
    for (const point of await this.#load()) {
      switches.currentTestId = point.name
      tests.push(await resultOf(point))
    }
    delete switches.currentTestId
    const { mutantCoverage } = switches
    if (mutantCoverage === undefined) return { status: DryRunStatus.Complete, tests }
    return { status: DryRunStatus.Complete, tests, mutantCoverage: quickFirst(mutantCoverage, tests) }
  }

  /** The points that come by the mutant, up to the first that notices it. */
  async mutantRun({
    activeMutant,
    mutantActivation,
    testFilter,
    hitLimit,
  }: MutantRunOptions): Promise<MutantRunResult> {
    if (mutantActivation === 'runtime') await this.#load()
    switches.activeMutant = activeMutant.id
    switches.hitCount = 0
    if (hitLimit === undefined) delete switches.hitLimit
    else switches.hitLimit = hitLimit
    return toMutantRunResult(await this.#untilNoticed(testFilter))
  }

  async #untilNoticed(names: readonly string[] | undefined): Promise<DryRunResult> {
    const all = await this.#load()
    const byName = new Map(all.map(point => [point.name, point]))
    const wanted = names === undefined ? all : names.map(name => byName.get(name)!)
    const tests: TestResult[] = []
    for (const point of wanted) {
      const result = await resultOf(point)
      const endless = determineHitLimitReached(switches.hitCount, switches.hitLimit)
      if (endless !== undefined) return endless
      // Points with names are those that could be judged without the mutant: it has taken away their machine.
      const isLost = result.status === TestStatus.Skipped && names !== undefined
      tests.push(isLost ? { ...result, status: TestStatus.Failed, failureMessage: 'config' } : result)
      if (isLost || result.status === TestStatus.Failed) break
    }
    return { status: DryRunStatus.Complete, tests }
  }

  async #load(): Promise<readonly Point[]> {
    if (this.#points === undefined) {
      const built = pathToFileURL(resolve('dist/harness/cli/mutants/points.js')).href
      this.#points = await ((await import(built)) as { points: typeof points }).points(this.detector)
    }
    return this.#points
  }
}

/** What two CPUs touch at once without order is noticed as well. */
export class RaceRunner extends CaseRunner {
  protected override readonly detector = true
}

/** The same of the points that were judged, the quick ones first: in this order Stryker asks for those of a mutant. */
function quickFirst(coverage: MutantCoverage, tests: readonly TestResult[]): MutantCoverage {
  const perTest = tests
    .filter(({ status }) => status !== TestStatus.Skipped)
    .toSorted((a, b) => a.timeSpentMs - b.timeSpentMs)
    .flatMap(({ id }) => (coverage.perTest[id] === undefined ? [] : [[id, coverage.perTest[id]] as const]))
  return { ...coverage, perTest: Object.fromEntries(perTest) }
}

async function resultOf(point: Point): Promise<TestResult> {
  const common = { id: point.name, name: point.name }
  const start = performance.now()
  const end = await endOf(point)
  const timeSpentMs = performance.now() - start
  if (end === 'pass') return { ...common, timeSpentMs, status: TestStatus.Success }
  if (end === 'config') return { ...common, timeSpentMs, status: TestStatus.Skipped }
  return { ...common, timeSpentMs, status: TestStatus.Failed, failureMessage: end }
}

/** `pass`, `config`, or what is wrong: a bug of the model itself as well as a verdict. */
async function endOf({ run }: Point): Promise<string> {
  try {
    const { status, found } = await run()
    return status === 'pass' || status === 'config' ? status : `${status}: ${found}`
  } catch (error) {
    return `bug: ${error instanceof Error ? error.message : String(error)}`
  }
}
