// What the loader makes of good cases: names, combinations, conditions, rounds, verdicts.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import type { Subject, TestPoint } from '../engine.ts'
import { steps as verbs } from '../steps/index.ts'
import type { Case } from './case.ts'
import { loadCases, loadText } from './load.ts'
import { caseSchema } from './schema.ts'
import { known, steps } from './testing.ts'

/** The case of a text that must load. */
function load(text: string, file = 'cases/thp/x.yaml'): Case {
  const { case: found, problems } = loadText(file, text, known)
  if (found === undefined)
    throw new Error(problems.map(({ pos, message }) => `${pos.line}:${pos.col} ${message}`).join('\n'))
  return found
}

const having = (...ids: string[]): Subject => ({ name: ids.join('+'), has: id => ids.includes(id) })

/** The point of the first combination, under a subject that has `ids`. */
const first = (one: Case, ...ids: string[]): TestPoint => one.point(one.combinations[0]!, having(...ids))

/** The steps behind the two that `steps()` begins with. */
const added = (...lines: string[]) => first(load(steps(...lines))).steps.slice(2)

t.test('a case has its name from its place below cases', async t => {
  const text = steps('- touch: A')
  t.equal(load(text, 'cases/thp/pin/fork.yaml').name, 'thp/pin/fork')
  t.equal(load(text, '/home/a/cases/thp/x.yml').name, 'thp/x')
  t.equal(load(text, '/elsewhere/x.yaml').name, 'x')
})

t.test(
  'a test point is named by its values in written order, and combinations turn the last value fastest',
  async t => {
    const text =
      'about: x\nmatrix: {b: [2, 1], a: [x, y], except: [{b: 1, a: [y]}]}\nsteps: [{mmap: {as: A, size: 1P}}]\nverdict: clean\n'
    const one = load(text)
    const names = one.combinations.map(values => one.pointName(values))
    t.same(names, ['thp/x[b=2,a=x]', 'thp/x[b=2,a=y]', 'thp/x[b=1,a=x]'])
    t.equal(load(steps('- touch: A').replace(/matrix.*\n/, '')).combinations.length, 1)
  },
)

t.test('a value is put in as a whole, after a sign, within a range and as a key', async t => {
  const one = load(
    steps('- {write: {A.page($n): $n}, expect: {AnonPages: +$nP}}')
      .replace('$nP', '$n')
      .replace('[1, 2]', '[1P, 2P]')
      .replace('page($n): $n', 'page(1): 7'),
  )
  const values = one.combinations.map(values => one.point(values, having()).steps[2]!.expect!.counters[0]!.value)
  t.same(values, [4096, 4096, 8192, 8192])
  const [a, b] = load(steps('- write: {A.page($n): $n}'))
    .combinations.filter(({ k }) => k === 'base')
    .map(values => load(steps('- write: {A.page($n): $n}')).point(values, having()).steps[2]!)
  t.same(a!.args, [{ range: { of: 'A', offset: 4096, length: 4096, text: 'A.page(1)' }, bytes: { fill: 1 } }])
  t.same(b!.args, [{ range: { of: 'A', offset: 8192, length: 4096, text: 'A.page(2)' }, bytes: { fill: 2 } }])
  t.equal(b!.text, 'write: {A.page(2): 2}')
})

t.test('huge pages are as large as the machine of the combination says', async t => {
  const one = load(
    'about: x\nmatrix: {h: [4, 512]}\nmachine: {hpage_nr: $h}\nsteps: [{mmap: {as: A, size: 1H-1P}}]\nverdict: clean\n',
  )
  const sizes = one.combinations.map(values => (one.point(values, having()).steps[0]!.args as { size: number }).size)
  t.same(sizes, [3 * 4096, 511 * 4096])
})

t.test('a machine is as usual but for what is said', async t => {
  const usual = {
    hpage_nr: 512,
    memory: undefined,
    thp: 'madvise',
    nodes: 1,
    cpus: 1,
    debug_vm: false,
    swap: true,
    swap_area: 0,
    swap_device: 'loop',
    page_cluster: 0,
    hugepage: 2 ** 21,
    pools: [],
  }
  t.same(first(load(steps('- touch: A'))).machine, usual)
  const said = load(`machine: {memory: 64M, cpus: 2, swap: no}\n${steps('- {touch: A, cpu: 1}')}`)
  t.same(first(said).machine, { ...usual, memory: 64 << 20, cpus: 2, swap: false })
  const area = load(`machine: {nodes: 2, swap: {size: 8M, device: brd}}\n${steps('- touch: A')}`)
  t.same(first(area).machine, { ...usual, nodes: 2, swap_area: 8 << 20, swap_device: 'brd' })
  t.equal(first(said).steps[2]!.cpu, 1)
})

t.test('ranges are cut from the left', async t => {
  const cuts: [string, number, number][] = [
    ['T', 0, 2 << 20],
    ['T.upper', 1 << 20, 1 << 20],
    ['T.lower.upper', 512 << 10, 512 << 10],
    ['T(1P..3P)', 4096, 8192],
    ['T(1H-1P..)', (2 << 20) - 4096, 4096],
    ['T.page(3)', 3 * 4096, 4096],
    ['T.page(1..3)', 4096, 3 * 4096],
    ['T.huge(0).page(511)(0..1B)', 511 * 4096, 1],
  ]
  for (const [text, offset, length] of cuts) {
    t.same(added(`- touch: "${text}"`)[0]!.args, {
      range: { of: 'T', offset, length, text },
      access: 'write',
      page: 4096,
    })
  }
})

t.test('a seed counts from where memory got its first name', async t => {
  const [, , , write, dma, read] = added(
    '- mremap: {range: T.upper, as: M}',
    '- pin: {range: M.page(1), as: p}',
    '- note: {A.page(2): f}',
    '- write: {A.page(2): seed(7)}',
    '- dma-read: {p: seed(7)}',
    '- read: {M: [seed(7), 0]}',
  )
  t.same((write!.args as { bytes: unknown }[])[0]!.bytes, { seed: 7, shift: 8192 })
  t.same((dma!.args as { bytes: unknown }[])[0]!.bytes, [{ seed: 7, shift: (1 << 20) + 4096 }])
  t.same((read!.args as { bytes: unknown }[])[0]!.bytes, [{ seed: 7, shift: 1 << 20 }, { fill: 0 }])
})

t.test('steps and verdicts are decided by the values of the combination and by what the subject has', async t => {
  const one = load(
    steps(
      '- {touch: A, when: {k: base}}',
      '- {touch: A, when: {k: [base, thp], from: [v4.5, v4.6]}}',
      '- {touch: A, when: {until: v4.6}}',
    ).replace(
      'verdict: clean',
      'verdict:\n  - clean\n  - {always: oops, when: {until: v4.6}}\n  - {sometimes: [stale-dma, oops], when: {n: 1, from: v4.5}}\n',
    ),
  )
  const [base1, thp1, , thp2] = one.combinations
  const lines = (values: Case['combinations'][number], ...ids: string[]) =>
    one
      .point(values, having(...ids))
      .steps.slice(2)
      .map(({ pos }) => pos.line)
  t.same(lines(base1!), [6, 8])
  t.same(lines(thp1!), [8])
  t.same(lines(base1!, 'v4.5'), [6, 8])
  t.same(lines(base1!, 'v4.5', 'v4.6'), [6, 7])
  const wanted = (values: Case['combinations'][number], ...ids: string[]) => {
    const { anomalies, how, pos } = one.wanted(values, having(...ids))
    return `${how} ${anomalies.join()} ${pos.line}`
  }
  t.equal(wanted(thp2!), 'always oops 11')
  t.equal(wanted(thp2!, 'v4.6'), 'always clean 10')
  t.equal(wanted(thp1!, 'v4.5'), 'sometimes stale-dma,oops 12')
  t.same(one.ids, ['v4.6', 'v4.5'])
  t.same(one.together, [['v4.5', 'v4.6']])
  t.equal(one.point(thp2!, having()).steps.at(-1)!.text, 'touch: A')
})

t.test('gives is one answer, any of a list, or a map with what holds after each', async t => {
  const [one, list, map, plain] = added(
    '- {touch: A, gives: SIGBUS @ A.page(1)}',
    '- {munmap: A, gives: [ok, ENOMEM, killed, SEGV_MAPERR]}',
    '- touch: A\n    gives:\n      SIGSEGV: {AnonPages: +0}\n      ok: {}',
    '- touch: T',
  )
  t.same(one!.gives[0]!.answer, {
    kind: 'signal',
    signal: 'SIGBUS',
    at: { of: 'A', offset: 4096, length: 4096, text: 'A.page(1)' },
  })
  t.same(
    list!.gives.map(({ answer }) => answer),
    [
      { kind: 'ok' },
      { kind: 'errno', errno: 'ENOMEM' },
      { kind: 'killed' },
      { kind: 'signal', signal: 'SIGSEGV', code: 'SEGV_MAPERR' },
    ],
  )
  t.same(
    map!.gives.map(({ answer, expect }) => [answer.kind, expect?.counters.length]),
    [
      ['signal', 1],
      ['ok', 0],
    ],
  )
  t.same(plain!.gives, [{ answer: { kind: 'ok' }, expect: undefined }])
})

t.test('expect is judged against the names that its step has made', async t => {
  const [step] = added(
    '- {note: {A: f}, expect: {frames: {A: f}, mapped: {T: pmd}, freed: {f: no}, AnonPages: -1H+1P, thp_split_pmd: 1, nr_anon_pages: +1H-1P}}',
  )
  const { frames, mapped, freed, counters } = step!.expect!
  t.same(
    frames.map(({ range, frames, pos }) => [range.of, frames.of, pos.col]),
    [['A', 'f', 38]],
  )
  t.same(
    mapped.map(({ range, as }) => [range.of, as]),
    [['T', 'pmd']],
  )
  t.same(
    freed.map(({ frames, yes }) => [frames.of, yes]),
    [['f', false]],
  )
  t.same(
    counters.map(({ name, value, delta }) => [name, value, delta]),
    [
      ['AnonPages', -511 * 4096, true],
      ['thp_split_pmd', 1, false],
      ['nr_anon_pages', 511, true],
    ],
  )
})

t.test('the rounds of repeat are written out, and what a round has named ends with it', async t => {
  const made = added(
    '- repeat:\n      times: 2\n      as: i\n      steps:\n        - mmap: {as: R, size: 2P}\n        - fork: child\n        - {pin: {range: R, as: p}, by: child}\n        - write: {R.page($i): $i}',
    '- mmap: {as: R, size: 1P}',
  )
  const round = (i: number) => [
    'main mmap: {as: R, size: 2P}',
    'main fork: child',
    'child pin: {range: R, as: p}, by: child',
    `main write: {R.page(${i}): ${i}}`,
    'child unpin: p',
    'child exit: child',
    'main munmap: R',
  ]
  t.same(
    made.map(({ by, text }) => `${by} ${text}`),
    [...round(0), ...round(1), 'main mmap: {as: R, size: 1P}'],
  )
})

t.test('the names of prime are its own', async t => {
  const { prime, steps: after } = first(load(`prime: [{mmap: {as: A, size: 1P, touch: yes}}]\n${steps('- touch: A')}`))
  t.same(
    prime.map(({ text }) => text),
    ['mmap: {as: A, size: 1P, touch: yes}'],
  )
  t.equal(after.length, 3)
})

t.test('a posted version stands for its patch, unless beside it the patch itself is excluded', async t => {
  const of = (when: string) => load(steps(`- {touch: A, when: ${when}}`))
  const both = having('posted-v1', '6d0a07edd17c')
  const touches = (when: string, subject: Subject) =>
    of(when)
      .point(of(when).combinations[0]!, subject)
      .steps.some(({ verb }) => verb === 'touch')
  t.ok(touches('{from: posted-v1, until: 6d0a07edd17c}', both))
  t.notOk(touches('{until: 6d0a07edd17c}', both))
  t.ok(touches('{from: 6d0a07e}', having('6d0a07edd17c')))
  t.notOk(touches('{from: posted-v1, until: 6d0a07edd17c}', having('6d0a07edd17c')))
  t.notOk(touches('{from: posted-v1, until: [6d0a07edd17c, v4.6]}', having('posted-v1', '6d0a07edd17c', 'v4.6')))
})

t.test('text with CRLF, folded scalars and quotes reads as it should', async t => {
  const text = `${steps('- touch: "A"').replace('about: x', "about: >\n  one\n  two\nsee: ['a: b', v4.5]")}`
  t.same(load(text.replaceAll('\n', '\r\n')).about, 'one two')
  t.same(load(text).see, ['a: b', 'v4.5'])
})

t.test('all problems of all files come at once, the good ones give cases', async t => {
  const dir = t.testdir({
    'good.yaml': steps('- touch: A'),
    'bad.yaml': steps('- tuch: A'),
    'large.yaml': `about: ${'x'.repeat(300_000)}\n`,
    folder: {},
  })
  writeFileSync(join(dir, 'latin1.yaml'), Buffer.from(`about: x\nsee: [caf\xe9]\n`, 'latin1'))
  writeFileSync(join(dir, 'cut.yaml'), Buffer.from('about: \u20ac', 'utf8').subarray(0, -1))
  execFileSync('mkfifo', [join(dir, 'fifo.yaml')])
  const files = ['good', 'bad', 'large', 'latin1', 'cut', 'fifo', 'gone'].map(name => join(dir, `${name}.yaml`))
  const { cases, problems } = loadCases([...files, join(dir, 'folder'), '/dev/zero', 'a\u0000b'], known)
  t.same(
    cases.map(({ name }) => name),
    ['good'],
  )
  t.same(
    problems.map(({ code, pos }) => `${pos.line}:${pos.col} ${code}`),
    ['6:5 UNKNOWN_VERB', '1:1 TOO_LARGE', '2:10 BAD_TEXT', '1:8 BAD_TEXT', ...Array<string>(5).fill('1:1 NO_FILE')],
  )
})

t.test('every example of a verb loads', async t => {
  const given: Record<string, string[]> = {
    mremap: [],
    isolate: ['- note: {A: before}'],
    unlink: ['- file: {as: f, size: 2H}'],
    truncate: ['- file: {as: f, size: 2H}'],
    fallocate: ['- file: {as: f, size: 2H}'],
    punch: ['- file: {as: f, size: 2H}'],
    fadvise: ['- file: {as: f, size: 2H}'],
    readahead: ['- file: {as: f, size: 2H}'],
    shmat: ['- shmget: {as: s, size: 2H}'],
    shmrm: ['- shmget: {as: s, size: 2H}'],
    putback: ['- isolate: {A: held}'],
    migrate: ['- note: {A: before}'],
    'soft-offline': ['- note: {A: before}'],
    unpoison: ['- note: {A: before}'],
    unpin: ['- pin: {range: T, as: hca}'],
    exit: ['- fork: child'],
    'dma-read': ['- pin: {range: T, as: hca}'],
    'dma-write': ['- pin: {range: T, as: hca}'],
    rdma: ['- pin: {range: T, as: mrA}', '- pin: {range: A, as: mrB}'],
    read: ['- mmap: {as: B, size: 1P}'],
    expect: ['- pin: {range: A, as: hca}'],
  }
  for (const { verb, example } of Object.values(verbs)) {
    const rename = verb === 'mmap' || verb === 'shmat' ? example.replace('as: A', 'as: C') : example
    const text = steps(...(given[verb] ?? []), `- ${rename}`).replace(
      '{as: A, size: 4P}',
      '{as: A, size: 1H, align: 1H}',
    )
    t.same(
      loadText('x.yaml', text.replace('times: 8', 'times: 2'), known).problems.map(({ message }) => message),
      [],
      verb,
    )
  }
})

const schemaFile = new URL('../../../harness/case/case.schema.json', import.meta.url)

t.test('the JSON Schema that is shipped is current', async t => {
  const wanted = JSON.parse(JSON.stringify(caseSchema()))
  t.same(JSON.parse(readFileSync(schemaFile, 'utf8')), wanted, 'mmfunc schema > harness/case/case.schema.json')
})

t.test('the JSON Schema takes what the loader takes, and marks what it does not know', async t => {
  const schema = z.fromJSONSchema(caseSchema() as Parameters<typeof z.fromJSONSchema>[0])
  const good = {
    about: 'x',
    see: ['a'],
    matrix: { n: [1, 2], split: ['no'], except: [{ n: 1 }] },
    machine: { hpage_nr: '$n', thp: 'always' },
    steps: [
      { mmap: { as: 'A', size: '1H', kind: 'thp', fill: 90 } },
      { mmap: { as: 'B', size: '1H', kind: '$k' }, when: { n: [1], from: ['v4.5'] } },
      { touch: 'A', by: 'main', gives: ['ok', 'SIGBUS'] },
      { touch: { range: 'A', access: 'read' } },
      {
        read: { A: [1, 2], 'A.lower': '0x5a' },
        expect: { AnonPages: '+1P', mapped: { A: 'pmd' }, frames: { A: 'f' } },
      },
      { repeat: { times: 3, as: 'i', steps: [{ fork: 'child' }] } },
      { expect: { AnonPages: 0 } },
    ],
    verdict: ['clean', { always: 'oops', when: { until: 'v4.5' } }],
  }
  t.same(schema.safeParse(good).error?.issues ?? [], [])
  t.notOk(schema.safeParse({ ...good, steps: [{ tuch: 'A' }] }).success)
  t.notOk(schema.safeParse({ ...good, steps: [{ mmap: { as: 'A', size: '1H', kind: 'thb' } }] }).success)
  t.notOk(schema.safeParse({ ...good, steps: [{ repeat: { times: 3, steps: [{ tuch: 'A' }] } }] }).success)
  t.notOk(schema.safeParse({ ...good, title: 'x' }).success)
})
