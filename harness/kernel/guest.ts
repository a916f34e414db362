// One boot: QEMU from its start to its end, whatever ends it.

import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { gravest, gravityOf, withoutTime } from './console.ts'
import { type Event, eventOf } from './events.ts'
import type { Kernel } from './images.ts'
import type { GuestNeeds } from './needs.ts'
import { hasProgram } from './places.ts'
import type { Rounds } from './program.ts'

/** Milliseconds. A busy machine takes many times as long as a quiet one: these are for what never ends. */
export interface Limits {
  /** From the start of QEMU to the first word of the probe. */
  readonly boot: number
  /** Without a word. */
  readonly silence: number
  /** Without a word after an oops: what died may have held a lock that all others wait for. */
  readonly crash: number
  /** One test point. */
  readonly point: number
}

const usualLimits: Limits = { boot: 60_000, silence: 60_000, crash: 5_000, point: 300_000 }

/** A point that is run again and again has the time for it. */
export function limitsFor({ seconds = 0 }: Rounds): Limits {
  return { ...usualLimits, point: usualLimits.point + seconds * 1000 }
}

/** How a boot ended. `reason` in one sentence. */
export interface GuestEnd {
  /** `config`: what a host lacks. */
  readonly kind: 'done' | 'config' | 'oops' | 'panic' | 'hang' | 'timeout' | 'lost'
  readonly reason: string
  /** What the kernel said on its console since the last test point began, or since it was started. */
  readonly log: readonly string[]
}

export interface Boot {
  readonly qemu: string
  readonly kernel: Kernel
  readonly needs: GuestNeeds
  /** Huge pages of 1 GiB at boot. */
  readonly gigantic: number
  readonly initramfs: Uint8Array
  readonly limits: Limits
  readonly signal: AbortSignal | undefined
}

/** What the probe answers QEMU's exit device with, as QEMU's own exit code. */
const doneCode = 33
const keptLines = 2000

/**
 * The events of one boot, then how it ended. Whoever stops listening, or aborts, ends QEMU; the
 * temporary folder goes in every case.
 */
export async function* runGuest(boot: Boot): AsyncGenerator<Event, GuestEnd> {
  const { limits, signal } = boot
  const folder = await mkdtemp(join(tmpdir(), 'mmfunc-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const abort = new AbortController()
  const stop = () => abort.abort()
  const atExit = () => {
    stop()
    remove()
  }
  process.once('exit', atExit)
  signal?.addEventListener('abort', stop)
  const clock = new Clock(limits, stop)
  try {
    const initrd = join(folder, 'initramfs')
    await writeFile(initrd, boot.initramfs)
    const { execa } = await import('execa')
    const [file, ...args] = commandLine(boot, initrd)
    const qemu = execa(file!, args, {
      cancelSignal: abort.signal,
      cleanup: false,
      killSignal: 'SIGKILL',
      reject: false,
      buffer: { stderr: true, stdout: false, fd3: false },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const log = keepLines(qemu.stdio[3] as Readable, line => clock.said(line))
    if (signal?.aborted) stop()
    let done = false
    for await (const line of createInterface({ input: qemu.stdout!, crlfDelay: Number.POSITIVE_INFINITY })) {
      const event = eventOf(line)
      if (event === undefined) continue
      clock.heard(event)
      if (event[0] === 'done') done = true
      if (event[0] === 'ready') remove()
      if (event[0] === 'point') log.length = 0
      yield event
    }
    const { exitCode, signal: killedBy, stderr } = await qemu
    if (clock.over !== undefined) return { ...clock.over, log }
    if (done && exitCode === doneCode) return { kind: 'done', reason: '', log }
    return { ...theEnd(exitCode, killedBy, String(stderr), log), log }
  } finally {
    clock.stop()
    stop()
    signal?.removeEventListener('abort', stop)
    process.removeListener('exit', atExit)
    remove()
  }
}

/** Ends the boot when its time is over. */
export class Clock {
  readonly #limits: Limits
  readonly #stop: () => void
  #silence: NodeJS.Timeout | undefined
  #point: NodeJS.Timeout | undefined
  /** The line with which the kernel crashed. */
  #crash: string | undefined
  /** Why the boot was ended. */
  over: Pick<GuestEnd, 'kind' | 'reason'> | undefined

  constructor(limits: Limits, stop: () => void) {
    this.#limits = limits
    this.#stop = stop
    this.#silence = this.#after(limits.boot, 'hang', 'the kernel did not come up')
  }

  heard(event: Event): void {
    const { silence, point } = this.#limits
    if (this.#crash === undefined) {
      clearTimeout(this.#silence)
      this.#silence = this.#after(silence, 'hang', 'no word from the probe')
    }
    if (event[0] === 'point') this.#point = this.#after(point, 'timeout', 'the test point did not end')
    if (event[0] === 'end') clearTimeout(this.#point)
  }

  /** A line on the console: the first that tells of a crash leaves the guest little time. */
  said(line: string): void {
    if (this.#crash !== undefined || gravityOf(line) !== 'oops') return
    this.#crash = withoutTime(line)
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#end('oops', this.#crash!), this.#limits.crash)
  }

  #after(ms: number, kind: 'hang' | 'timeout', what: string): NodeJS.Timeout {
    return setTimeout(() => this.#end(kind, `${what} in ${ms / 1000} s`), ms)
  }

  #end(kind: GuestEnd['kind'], reason: string): void {
    this.over = { kind, reason }
    this.#stop()
  }

  stop(): void {
    clearTimeout(this.#silence)
    clearTimeout(this.#point)
  }
}

/** The newest lines of a stream, as they come. */
function keepLines(stream: Readable, heard: (line: string) => void): string[] {
  const lines: string[] = []
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', line => {
    lines.push(line)
    heard(line)
    if (lines.length > 2 * keptLines) lines.splice(0, keptLines)
  })
  return lines
}

function theEnd(
  code: number | undefined,
  killedBy: string | undefined,
  stderr: string,
  log: readonly string[],
): Pick<GuestEnd, 'kind' | 'reason'> {
  const grave = gravest(log)
  const said = stderr.split('\n').find(line => line.trim() !== '')
  if (killedBy !== undefined) return { kind: 'lost', reason: `QEMU was killed by ${killedBy}` }
  if (log.some(line => line.includes('Kernel panic'))) return { kind: 'panic', reason: grave!.line }
  if (code === 0) return { kind: 'lost', reason: grave?.line ?? 'the guest restarted without a word' }
  return { kind: 'lost', reason: `QEMU ended with status ${code}${said === undefined ? '' : `: ${said}`}` }
}

/** A microvm boots sooner, but only newer kernels, and with one CPU. */
const firstMicrovm = 5010
/** Before it, counters are folded by time alone: see probe/counters.c. Then an idle guest need not wait. */
const firstStatRefresh = 4007

/** All CPUs and all that is asked for are on the first node; on the second there is room to migrate to. */
function memoryOf({ memory, nodes }: GuestNeeds): string[] {
  const MiB = memory / 2 ** 20
  if (nodes === 1) return ['-m', `${MiB}`]
  return [
    ...['-m', `${MiB + secondNode}`],
    ...['-object', `memory-backend-ram,id=m0,size=${MiB}M`, '-numa', 'node,nodeid=0,memdev=m0'],
    ...['-object', `memory-backend-ram,id=m1,size=${secondNode}M`, '-numa', 'node,nodeid=1,memdev=m1'],
  ]
}

const secondNode = 256

/** QEMU ends with us, also when we are killed: setpriv is part of every Debian. */
function commandLine({ qemu, kernel, needs, gigantic }: Boot, initrd: string): string[] {
  const { number, file } = kernel
  const micro = number >= firstMicrovm && needs.cpus === 1 && needs.nodes === 1
  const append = [
    'console=ttyS0 loglevel=5 panic=-1 no_timer_check tsc=reliable cryptomgr.notests mitigations=off nokaslr',
    // X86_FEATURE_REP_GOOD: pages are copied and cleared by plain moves, which TCG does six times as fast.
    'clearcpuid=112',
    ...(needs.gigantic ? [`hugepagesz=1G hugepages=${gigantic}`] : []),
  ].join(' ')
  return [
    ...(hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : []),
    ...[qemu, '-nodefaults', '-no-user-config', '-accel', 'tcg', '-display', 'none', '-no-reboot'],
    ...['-M', micro ? 'microvm,acpi=off' : 'pc', '-smp', String(needs.cpus), ...memoryOf(needs)],
    // What TCG has besides, but does not show of itself.
    ...(needs.gigantic ? ['-cpu', 'qemu64,+pdpe1gb'] : []),
    ...(number < firstStatRefresh && needs.cpus === 1 ? ['-icount', 'shift=5,sleep=off'] : []),
    ...['-kernel', file, '-initrd', initrd, '-append', append],
    ...['-chardev', 'stdio,id=told,signal=off', '-device', 'isa-debugcon,iobase=0xe9,chardev=told'],
    ...['-chardev', 'socket,id=log,fd=3', '-serial', 'chardev:log'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
  ]
}
