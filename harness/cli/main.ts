#!/usr/bin/env node
// The command line: one command a file, each loaded only when it is called.

import { Command, CommanderError } from 'commander'
import { version } from './project.ts'
import { Refusal } from './refusal.ts'

/** Collects an option that may be given more than once; the plain `[]` as its default would show in the help. */
const many = (value: string, before: readonly string[] = []): string[] => [...before, value]

function program(): Command {
  const mmfunc = new Command('mmfunc')
    .description('Regression tests for patches to the Linux memory management.')
    .version(version(), '-V, --version')
    .exitOverride()
    .showHelpAfterError('(mmfunc --help says more)')
    .addHelpText('after', exitHelp)
  const command = (usage: string, about: string, example: string): Command =>
    mmfunc
      .command(usage)
      .description(about)
      .showHelpAfterError(`(mmfunc ${usage} --help says more)`)
      .addHelpText('after', `\nExample:\n  $ mmfunc ${example}\n`)

  jobsOption(
    boundOptions(
      subjectOptions(
        command(
          'run',
          'run cases and say whether their verdicts hold',
          'run thp --variant v4.5 --variant v4.5+6d0a07edd17c',
        ),
      ),
    ),
  )
    .argument('[CASE...]', 'files, folders, globs; or areas, tags and names of the cases that come with mmfunc')
    .option('--report <FORMAT:FILE>', 'tap, table or json into a file, - is stdout; repeatable', many)
    .option('--dry-run', 'only list the test points')
    .option('-v, --verbose', 'say every point')
    .action(async (cases, options) => finish((await import('./run.ts')).run(cases, whole(options))))

  jobsOption(
    boundOptions(
      command(
        'explore',
        'all ways in which the races of cases may go, and every distinct end with its schedule',
        'explore mlock/race-split --variant v3.8',
      ),
    ),
  )
    .argument('<CASE...>', 'as for run')
    .option('--variant <V>', 'as for run; repeatable', many)
    .option('--patch <FILE>', 'a patch of your own, on top of each variant; repeatable', many)
    .option('--preemptions <N>', 'only where at most N times a thread is stopped that could have gone on')
    .option('--random <SEED[,N]>', 'N ways (1000) drawn by lot, the same for the same seed')
    .option('--points <FUNCTION>', 'only list where another CPU may come in in this kernel function')
    .option('--no-reduction', 'every interleaving of single steps, equivalent ones too')
    .action(async (cases, options) => finish((await import('./explore.ts')).explore(cases, whole(options))))

  command('replay', 'run one schedule of a race again', 'replay cases/mlock/race-split.schedules')
    .argument('<FINDING>', 'the line that explore printed, or a file of such lines')
    .option('--step', 'show every step, and the pages and counters after it')
    .option('--patch <FILE>', 'a patch of your own that it was found with; repeatable', many)
    .action(async (finding, options) => finish((await import('./replay.ts')).replay(finding, whole(options))))

  jobsOption(command('compare', 'what changes between two variants or kernels', 'compare v4.5 v4.5+6d0a07edd17c'))
    .argument('<BEFORE>', 'a variant, or a kernel')
    .argument('<AFTER>', 'a variant, or a kernel')
    .argument('[CASE...]', 'as for run')
    .option('--patch <FILE>', 'a patch of your own, on top of AFTER; repeatable', many)
    .option('-v, --verbose', 'say also what stays the same')
    .action(async (before, after, cases, options) =>
      finish((await import('./compare.ts')).compare(before, after, cases, whole(options))),
    )

  jobsOption(
    command('explain', 'what a patch, a topic or a case comes to, from runs in the model', 'explain 6d0a07edd17c'),
  )
    .argument('<WHAT>', 'a patch, a topic (thp-cow, migrate-swapcache), a case or one of its points')
    .option('--variant <V>', 'of a case: what it is run under, the first two side by side; repeatable', many)
    .option('--all', 'of a patch or a topic: every case, not only those that name it')
    .option('--json', 'as one JSON document')
    .action(async (what, options) => finish((await import('./explain.ts')).explain(what, whole(options))))

  command('list', 'what there is', 'list steps')
    .argument('<WHAT>', 'cases, steps, variants, patches, kernels, counters or anomalies')
    .option('--json', 'as one JSON document')
    .action(async (what, options) => finish((await import('./list.ts')).list(what, options)))

  command('check', 'only read case files and report their problems', 'check my-case.yaml')
    .argument('[CASE...]', 'as for run')
    .action(async cases => finish((await import('./check.ts')).check(cases)))

  command('restore', 'give back the settings of this machine that a killed run has left changed', 'restore').action(
    async () => finish((await import('./restore.ts')).restore()),
  )

  command('schema', 'print the JSON Schema of case files', 'schema > case.schema.json').action(async () =>
    finish((await import('./schema.ts')).schema()),
  )
  return mmfunc
}

/** What was not given is an empty list. */
function whole<T extends object>(
  options: T,
): T & { variant: string[]; kernel: string[]; patch: string[]; report: string[] } {
  return { variant: [], kernel: [], patch: [], report: [], ...options }
}

function subjectOptions(command: Command): Command {
  return command
    .option(
      '--variant <V>',
      'a release with patches added or taken away: v4.5, v4.5+PATCH, v4.6-PATCH; repeatable',
      many,
    )
    .option('--engine <E>', 'model, qemu or host')
    .option(
      '--kernel <K>',
      'a real kernel: debian:6.1, a path to a bzImage, or host, the running one; repeatable',
      many,
    )
    .option('--patch <FILE>', 'a patch of your own, on top of each variant; repeatable', many)
    .option('--rounds <N>', 'how often a real kernel runs a case with a race')
    .option('--seconds <S>', 'how long it does so (2; the running one does not, unless asked to)')
}

/** What ends the exploring of a race before it is complete, and is said then. */
function boundOptions(command: Command): Command {
  return command
    .option('--max-time <SECONDS>', 'bound on each race')
    .option('--max-interleavings <N>', 'bound on each race')
    .option('--max-memory <MB>', 'bound on the states of each race')
}

function jobsOption(command: Command): Command {
  return command.option(
    '--jobs <N>',
    'threads for the points of the model (as many as CPUs), and for each race if they are too few for N',
  )
}

const exitHelp = `
Exit status: 0 all as the verdicts say, 1 something else than the verdict, 2 usage or a bad case file or no case
matched, 3 a point ended without an answer, 4 nothing was judged, 99 a bug of mmfunc, 130 interrupted.`

async function finish(status: Promise<number> | number): Promise<void> {
  process.exitCode = await status
}

/** Usage is 2, and whatever nobody foresaw is a bug of ours. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof Refusal) {
    process.stderr.write(`${error.text}\n`)
    return 2
  }
  const text = error instanceof Error ? error.message : String(error)
  const stack = process.env.MMFUNC_DEBUG && error instanceof Error ? error.stack : 'MMFUNC_DEBUG=1 shows where'
  process.stderr.write(`mmfunc: a bug of mmfunc: ${text}\n${stack}\n`)
  return 99
}

// Whoever read our output has gone: nothing more to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 130 : 2))

try {
  await program().parseAsync()
} catch (error) {
  process.exitCode = statusOf(error)
}
