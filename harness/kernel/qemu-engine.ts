// The engine `qemu`: real kernels in QEMU.

import { readFileSync } from 'node:fs'
import type { Engine } from '../engine.ts'
import { type Boots, type Job, programOf, refusing, runPoints } from './boots.ts'
import { buildProbe } from './build-probe.ts'
import type { ModuleName } from './debian.ts'
import { type Limits, limitsFor, runGuest } from './guest.ts'
import { type Kernel, resolveKernel } from './images.ts'
import { initramfs } from './initramfs.ts'
import { type GuestNeeds, giganticAtFirst, guestFor } from './needs.ts'
import { Lacking, program } from './places.ts'
import { type Rounds, usualRounds } from './program.ts'

export interface QemuOptions {
  /** Another QEMU than the one in $PATH. */
  readonly qemu?: string
  readonly limits?: Limits
  /** For points with a race. */
  readonly rounds?: Rounds
}

/** What it takes to boot. */
interface Bench {
  readonly qemu: string
  readonly kernel: Kernel
  readonly probe: Uint8Array
  readonly limits: Limits
  readonly rounds: Rounds
}

/** An engine for a kernel's name or path. What the machine lacks for it is the `config` of every point. */
export async function qemuEngine(kernel: string, options: QemuOptions): Promise<Engine> {
  const rounds = options.rounds ?? usualRounds
  try {
    const bench = {
      qemu: options.qemu ?? program('qemu-system-x86_64'),
      kernel: await resolveKernel(kernel),
      probe: await buildProbe(),
      limits: options.limits ?? limitsFor(rounds),
      rounds,
    }
    const { subject } = bench.kernel
    return {
      kind: 'qemu',
      subject,
      run: (points, { detail, signal }) => runPoints(guests(bench, signal), points, detail),
    }
  } catch (error) {
    if (!(error instanceof Lacking)) throw error
    return refusing('qemu', kernel, error.message)
  }
}

function guests(bench: Bench, signal: AbortSignal | undefined): Boots<GuestNeeds> {
  return {
    fit: guestFor,
    start(jobs) {
      const { needs, point } = jobs[0]!
      const modules = Object.fromEntries(
        modulesFor(jobs).flatMap(name => {
          const file = bench.kernel.modules[name]
          return file === undefined ? [] : [[name, readFileSync(file)]]
        }),
      )
      const archive = initramfs(bench.probe, programOf(jobs), modules)
      return runGuest({ ...bench, signal, needs, gigantic: giganticAtFirst(point), initramfs: archive })
    },
    rounds: bench.rounds,
    signal,
  }
}

/** What the points of a boot need beside the image. */
function modulesFor(jobs: readonly Job<GuestNeeds>[]): ModuleName[] {
  const lines = jobs.flatMap(job => job.lines)
  const wanted: readonly (readonly [ModuleName, RegExp])[] = [
    ['brd', /^(disk$|swap \d+ brd )/],
    ['loop', /^swap \d+ loop /],
    ['hwpoison-inject', /^unpoison /],
  ]
  return wanted.flatMap(([name, by]) => (lines.some(line => by.test(line)) ? [name] : []))
}
