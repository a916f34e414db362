// The command line end to end: what it prints where, and with which status it ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Parser } from 'tap-parser'
import { isOwed, owedText } from '../kernel/borrowed.ts'
import { root } from './project.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

const good = `about: A write is read back.
tags: [plain]
matrix: {kind: [base, thp]}
steps:
  - mmap: {as: A, size: 1H, kind: $kind, fill: 1}
  - write: {A.page(1): 2}
  - read: {A.page(0): 1, A.page(1): 2}
verdict: clean
`
const wrong = good.replace('A.page(1): 2}\nverdict', 'A.page(1): 3}\nverdict')
const config = good.replace('steps:', 'machine: {thp: never}\nsteps:').replace('base, thp', 'thp, thp-pte')

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built command line; `watch` sees it start. */
function mmfunc(cwd: string, args: readonly string[], watch?: (child: ChildProcess) => void): Promise<Ended> {
  const env = { ...process.env, XDG_CACHE_HOME: join(cwd, 'cache') }
  const child = spawn(process.execPath, [main, ...args], { cwd, env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', data => {
    stdout += data
  })
  child.stderr.on('data', data => {
    stderr += data
  })
  watch?.(child)
  return new Promise(resolve => child.on('close', status => resolve({ status, stdout, stderr })))
}

t.test('a run of a good case passes, in TAP if nobody watches', async t => {
  const cwd = t.testdir({ 'good.yaml': good })
  const { status, stdout, stderr } = await mmfunc(cwd, ['run', 'good.yaml', '--variant', 'v4.5'])
  // A machine on which a run was killed says so first, whatever is run.
  t.same([status, stderr], [0, isOwed() ? `mmfunc: ${owedText}\n` : ''])
  t.match(stdout, /^TAP version 14\n1\.\.2\nok 1 - good\[kind=base\] v4\.5\nok 2 - good\[kind=thp\] v4\.5\n/)
  t.ok(new Parser().end(stdout))
})

t.test('another verdict is 1, with the step, both values and the command to see it again', async t => {
  const cwd = t.testdir({ 'wrong.yaml': wrong })
  const { status, stdout } = await mmfunc(cwd, ['run', 'wrong.yaml', '--variant', 'v4.5'])
  t.equal(status, 1)
  t.match(stdout, /at: wrong\.yaml:7:5\n {2}wanted: clean\n {2}found: wrong-data\n/)
  t.match(stdout, 'A.page(1).page(0) reads 0x02, the case states 0x03')
  t.match(stdout, /again: mmfunc run wrong\.yaml --variant v4\.5\n/)
})

t.test('several reports from one run, one of them on stdout', async t => {
  const cwd = t.testdir({ 'good.yaml': good, sub: { 'wrong.yaml': wrong } })
  const args = [
    'run',
    '.',
    '--variant',
    'v4.5',
    '--report',
    'table',
    '--report',
    'json:out.json',
    '--report',
    'tap:out.tap',
  ]
  const { status, stdout } = await mmfunc(cwd, args)
  t.equal(status, 1)
  t.match(stdout, /pass {2}good {3}2 clean\n/)
  t.match(JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8')).summary, { pass: 2, fail: 2, exit: 1 })
  t.match(readFileSync(join(cwd, 'out.tap'), 'utf8'), /^TAP version 14\n1\.\.4\n/)
})

t.test('usage: 2, a sentence on stderr, nothing on stdout', async t => {
  const cwd = t.testdir({ 'good.yaml': good, 'bad.yaml': good.replace('write:', 'wriet:'), empty: {} })
  const rows: readonly (readonly [RegExp, ...string[]])[] = [
    [/unknown command 'rnu'[\s\S]*Did you mean run/, 'rnu'],
    [/unknown option '--varaint'[\s\S]*Did you mean --variant/, 'run', '--varaint'],
    [/no file matches "\*\.yml"/, 'run', '*.yml'],
    [/no case matched/, 'run', 'empty'],
    [/nowhere\.yaml.* NO_FILE/, 'run', 'nowhere.yaml'],
    [/^bad\.yaml:6:5 UNKNOWN_VERB: .*did you mean "write"\?\n/, 'run', 'good.yaml', 'bad.yaml'],
    [/^bad\.yaml:6:5 UNKNOWN_VERB/, 'check', '.'],
    [/variant v9: .* no release/, 'run', 'good.yaml', '--variant', 'v9'],
    [/does not apply|has 6d0a07edd17c already/, 'run', 'good.yaml', '--variant', 'v4.6+6d0a07edd17c'],
    [/no report is called "tpa"; did you mean "tap"/, 'run', 'good.yaml', '--report', 'tpa:-'],
    [/only one report can go to stdout/, 'run', 'good.yaml', '--report', 'tap', '--report', 'json'],
    [/cannot write no\/where: /, 'run', 'good.yaml', '--report', 'tap:no/where'],
    [/no engine is called "modle"; did you mean "model"/, 'run', 'good.yaml', '--engine', 'modle'],
    [/which kernel\?/, 'run', 'good.yaml', '--engine', 'qemu'],
    [/--kernel needs --engine qemu/, 'run', 'good.yaml', '--engine', 'model', '--kernel', 'debian:6.1'],
    [/no kernel but the running one/, 'run', 'good.yaml', '--engine', 'host', '--kernel', 'debian:6.1'],
    [/QEMU boots no kernel called host/, 'run', 'good.yaml', '--engine', 'qemu', '--kernel', 'host'],
    [/no kernel is called "debian:6\.11"/, 'run', 'good.yaml', '--kernel', 'debian:6.11'],
    [/own\.ts: no such file/, 'run', 'good.yaml', '--patch', 'own.ts'],
    [/cannot list "stesp"; did you mean "steps"/, 'list', 'stesp'],
    [/missing required argument 'AFTER'[\s\S]*mmfunc compare --help says more/, 'compare', 'v4.5'],
    [/no patch is called "6d0a07"; did you mean "6d0a07edd17c"\?/, 'run', 'good.yaml', '--variant', 'v4.5+6d0a07'],
    [/no patch is called "f00f00f"; mmfunc list patches/, 'run', 'good.yaml', '--variant', 'v4.5+f00f00f'],
    [/no case, area or tag is called "nowhere"; mmfunc list cases/, 'run', 'nowhere'],
    [/no race in these cases; mmfunc run/, 'explore', 'good.yaml'],
    [/is no finding; .*; mmfunc explore CASE/, 'replay', 'good.yaml v4.5'],
    [/no report is called "xml"; there are tap, table, json/, 'run', 'good.yaml', '--report', 'xml'],
  ]
  const all = await Promise.all(rows.map(([, ...args]) => mmfunc(cwd, args)))
  for (const [i, [said, ...args]] of rows.entries()) {
    const { status, stdout, stderr } = all[i]!
    t.same([status, stdout], [2, ''], args.join(' '))
    t.match(stderr, said)
    t.notMatch(stderr, /^ +at /m, 'no stack')
  }
})

t.test('a machine that cannot judge is 4', async t => {
  const cwd = t.testdir({ 'config.yaml': config })
  const { status, stdout } = await mmfunc(cwd, ['run', 'config.yaml', '--variant', 'v4.5'])
  t.equal(status, 4)
  t.match(stdout, /^ok 1 - .* # SKIP \S/m)
})

t.test('a kernel that is none leaves nothing to judge', async t => {
  const cwd = t.testdir({ 'good.yaml': good })
  const { status, stdout } = await mmfunc(cwd, ['run', 'good.yaml', '--kernel', './good.yaml'])
  t.equal(status, 4)
  t.match(stdout, /^ok 1 - good\[kind=base\] \.\/good\.yaml # SKIP \S/m)
})

const race = `about: A page is given back while it is touched.
machine: {hpage_nr: 4}
steps:
  - mmap: {as: A, size: 2P, touch: yes}
  - race:
      toucher: [{touch: A}]
      giver: [{madvise: {A: dontneed}}]
  - expect: {AnonPages: +2P}
verdict: [clean, {sometimes: wrong-count, seen: {AnonPages: +0..+2P}}]
`

t.test('explore tells every end of a race, and replay runs each again', async t => {
  const cwd = t.testdir({ 'race.yaml': race })
  const { status, stdout, stderr } = await mmfunc(cwd, ['explore', 'race.yaml', '--variant', 'v4.5'])
  t.same([status, stderr], [0, ''])
  t.match(
    stdout,
    /^race v4\.5\n {2}\d+ interleavings, \d+ states, 3 distinct ends; complete\n {2}pass: wanted sometimes/,
  )
  t.match(stdout, /^ {2}clean: giver\n {4}AnonPages \+2P$/m)
  const finding = /mmfunc replay '(race\.yaml v4\.5 [0-9a-f]{8} .+)'/.exec(stdout)![1]!
  const again = await mmfunc(cwd, ['replay', finding])
  t.equal(again.status, 0)
  t.match(
    again.stdout,
    /^race v4\.5: .+\n {2}wrong-count: AnonPages is \+\d+, the case states \+8192 \(race\.yaml:8:14\)\n$/,
  )
  const stepped = await mmfunc(cwd, ['replay', finding, '--step'])
  t.match(stepped.stdout, /^ +A\.page\(0\.\.1\) .* count \d mapcount 1\n +1 \w+: \w+ .*\n/)
  t.equal(stepped.stdout, (await mmfunc(cwd, ['replay', finding, '--step'])).stdout, 'the same again')
})

t.test('explore --points lists where another CPU may come in in a function', async t => {
  const cwd = t.testdir({ 'race.yaml': race })
  const args = ['explore', 'race.yaml', '--variant', 'v4.5', '--points']
  const { status, stdout } = await mmfunc(cwd, [...args, 'page_remove_rmap'])
  t.equal(status, 0)
  t.match(stdout, /^race v4\.5\n(?: {2}giver: .*\n)* {2}giver: atomic_add_negative page \w+\._mapcount\n/)
  t.match(await mmfunc(cwd, [...args, 'page_remove_rmp']), { status: 2, stderr: /did you mean "page_remove_rmap"/ })
})

t.test(
  'a schedule whose turns are other steps now is refused, not misplayed; what they do not meet may change',
  async t => {
    const cwd = t.testdir({ 'race.yaml': race })
    const run = await mmfunc(cwd, ['explore', 'race.yaml', '--variant', 'v4.5'])
    const finding = /mmfunc replay '(.+)'/.exec(run.stdout)![1]!
    const before = await mmfunc(cwd, ['replay', finding])
    writeFileSync(
      join(cwd, 'race.yaml'),
      race.replace('expect: {AnonPages: +2P}', 'expect: {AnonPages: +2P, Shmem: +0}'),
    )
    t.same(await mmfunc(cwd, ['replay', finding]), before)
    writeFileSync(join(cwd, 'race.yaml'), race.replace('size: 2P', 'size: 3P'))
    const { status, stdout } = await mmfunc(cwd, ['replay', finding, '--step'])
    t.equal(status, 3)
    t.match(stdout, /^race v4\.5: .*\n {2}the model or the case has changed since this schedule was found/)
  },
)

t.test('a search that a bound has ended is no answer, and says which bound', async t => {
  const clean = race.replace(/verdict: .*/, 'verdict: clean').replace('  - expect: {AnonPages: +2P}\n', '')
  const cwd = t.testdir({ 'race.yaml': clean })
  const args = ['explore', 'race.yaml', '--variant', 'v4.5', '--random', '1,5']
  const { status, stdout } = await mmfunc(cwd, args)
  t.equal(status, 3)
  t.match(
    stdout,
    /; ended by a bound: 5 by lot\n {2}no-answer: wanted clean, found clean\n {2}bound reached: 5 by lot\n/,
  )
})

t.test('compare tells what changed, whatever the verdicts want', async t => {
  const cwd = t.testdir({
    'good.yaml': good,
    'pin.yaml': `about: A pin survives a fork.
steps:
  - mmap: {as: A, size: 1H, kind: thp, fill: 1}
  - pin: {range: A, as: hca}
  - fork: child
  - exit: child
  - write: {A: 2}
  - dma-read: {hca: 2}
verdict: clean
`,
  })
  const fixed = await mmfunc(cwd, ['compare', 'v4.5', 'v4.5+6d0a07edd17c', '.'])
  t.equal(fixed.status, 0)
  t.match(
    fixed.stdout,
    /^fixed +pin +stale-dma -> clean\n3 points: 0 regressed, 0 changed, 1 fixed, 0 not compared, 2 same\n$/,
  )
  const regressed = await mmfunc(cwd, ['compare', 'v4.6', 'v4.6-6d0a07edd17c', '.'])
  t.same([regressed.status, regressed.stdout.split(' ')[0]], [1, 'regressed'])
})

t.test("what a reviewer asked of a patch in 2010: does libhugetlbfs's make func complete with it?", async t => {
  const cases = ['hugetlb/private', 'hugetlb/corrupt-by-cow-opt', 'hugetlb/fork-cow']
  const compared = async (patch: string) => {
    const { stdout } = await mmfunc(root, ['compare', 'v2.6.34', `v2.6.34+${patch}`, ...cases])
    return stdout.replaceAll(/ {2,}/g, ' ').trimEnd().split('\n')
  }
  t.same(await compared('hugetlb-rmap-posted-v1'), [
    'regressed hugetlb/corrupt-by-cow-opt[page=2M] clean -> bug-on',
    'regressed hugetlb/corrupt-by-cow-opt[page=1G] clean -> bug-on',
    'regressed hugetlb/private[page=2M,read=first] clean -> mapcount-mismatch',
    'regressed hugetlb/private[page=2M,read=not] clean -> bug-on',
    'regressed hugetlb/private[page=1G,read=first] clean -> mapcount-mismatch',
    'regressed hugetlb/private[page=1G,read=not] clean -> bug-on',
    '8 points: 6 regressed, 0 changed, 0 fixed, 0 not compared, 2 same',
  ])
  t.same(await compared('0fe6e20b9c4c'), [
    'regressed hugetlb/corrupt-by-cow-opt[page=2M] clean -> leaked-write',
    'regressed hugetlb/corrupt-by-cow-opt[page=1G] clean -> leaked-write',
    '8 points: 2 regressed, 0 changed, 0 fixed, 0 not compared, 6 same',
  ])
})

t.test(
  "a patch of one's own is on top of the variant; one that does not fit the kernel is refused where it is wrong",
  async t => {
    const own = `import { type Page, patch, reuse_swap_page } from 'mmfunc/model'
export default patch('own', {
  subject: 'never reuse',
  release: undefined,
  changes: { reuse_swap_page: { before: reuse_swap_page, after: (_page: Page) => false } },
})
`
    const misspelt = own.replace('{ reuse_swap_page: {', '{ reuse_swap_pge: {')
    const cwd = t.testdir({ 'good.yaml': good, 'own.ts': own, 'misspelt.ts': misspelt })
    const run = ['run', 'good.yaml', '--variant', 'v4.5', '--patch']
    const fits = await mmfunc(cwd, [...run, 'own.ts'])
    t.equal(fits.status, 0)
    t.match(fits.stdout, /^ok 1 - good\[kind=base\] v4\.5\+own$/m)
    const bad = await mmfunc(cwd, [...run, 'misspelt.ts'])
    t.same([bad.status, bad.stdout], [2, ''])
    t.match(bad.stderr, /^misspelt\.ts:5:14 TS\d+: .*'reuse_swap_page'/)
  },
)

t.test('dry-run, list, check and schema run nothing', async t => {
  const cwd = t.testdir({ 'good.yaml': good })
  t.equal(
    (await mmfunc(cwd, ['run', 'good.yaml', '--variant', 'v4.5', '--dry-run'])).stdout,
    'good[kind=base] v4.5\ngood[kind=thp] v4.5\n',
  )
  t.match(await mmfunc(cwd, ['check', 'good.yaml']), { status: 0, stdout: '1 case with 2 combinations: no problems\n' })
  t.match(JSON.parse((await mmfunc(cwd, ['schema'])).stdout), { type: 'object' })
  for (const what of ['steps', 'variants', 'patches', 'kernels', 'counters', 'anomalies']) {
    const { status, stdout } = await mmfunc(cwd, ['list', what, '--json'])
    t.ok(status === 0 && JSON.parse(stdout).length > 0, what)
  }
})

t.test('--version and the help of each command', async t => {
  const cwd = t.testdir({})
  t.match((await mmfunc(cwd, ['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  for (const command of ['run', 'explore', 'replay', 'compare', 'list', 'check', 'schema']) {
    const { status, stdout } = await mmfunc(cwd, [command, '--help'])
    t.equal(status, 0)
    t.match(stdout, /Example:\n {2}\$ mmfunc /, command)
  }
})

t.test('an interrupted run says what it knows and ends with 130', async t => {
  const seeds = Array.from({ length: 200 }, (_, i) => i).join(', ')
  const long = `about: A long one.
matrix: {seed: [${seeds}]}
steps:
  - mmap: {as: A, size: 2H, kind: thp, fill: 0}
  - mmap: {as: B, size: 2H, kind: thp, fill: 0}
  - pin: {range: A, as: a}
  - pin: {range: B, as: b}
  - rdma: {from: a, to: b, transfers: 5000, size: 0..1024B, seed: $seed}
verdict: clean
`
  const cwd = t.testdir({ 'long.yaml': long })
  const { status, stdout } = await mmfunc(cwd, ['run', 'long.yaml', '--variant', 'v4.6'], child =>
    child.stdout?.once('data', () => child.kill('SIGINT')),
  )
  t.equal(status, 130)
  t.match(stdout, /^Bail out! interrupted$/m)
  t.match(stdout, /exit 130: interrupted\n$/)
})
