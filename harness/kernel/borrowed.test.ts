import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { borrow, borrower, giveBack, isOwed, lend, owedText } from './borrowed.ts'
import { Lacking } from './places.ts'
import { poolsToLeave } from './settings.ts'

const enabled = 'sys/kernel/mm/transparent_hugepage/enabled'
const pool = (file: string) => `sys/kernel/mm/hugepages/hugepages-2048kB/${file}`
const nr = pool('nr_hugepages')

/** A machine as far as settings go. */
function machine(t: Test, files: { readonly [path: string]: string } = {}) {
  const root = t.testdir()
  const all = {
    [enabled]: 'always [madvise] never\n',
    [nr]: '4\n',
    [pool('free_hugepages')]: '4\n',
    [pool('nr_overcommit_hugepages')]: '1\n',
    'proc/sys/vm/stat_interval': '1\n',
    'proc/sys/kernel/random/boot_id': 'this-boot\n',
    ...files,
  }
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const [path, text] of Object.entries(all)) write(path, text)
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  return { root, write, read, record: join(root, 'run/mmfunc/borrowed.json') }
}

t.test('what was changed is given back, the word in brackets of a choice, and told of', async t => {
  const { root, write, read, record } = machine(t)
  borrow(root)
  write(enabled, 'always madvise [never]\n')
  write(nr, '0\n')
  t.strictSame(giveBack(root), [
    { path: enabled, from: 'never', to: 'madvise', done: true },
    { path: nr, from: '0', to: '4', done: true },
  ])
  t.strictSame([read(enabled), read(nr)], ['madvise', '4'])
  t.notOk(existsSync(record))
  t.strictSame(giveBack(root), [], 'once')
})

t.test('a run that was killed owes its settings: nobody borrows before they are given back', async t => {
  const { root, read } = machine(t)
  const program = `
    import { writeFileSync } from 'node:fs'
    import { borrow } from ${JSON.stringify(new URL('./borrowed.js', import.meta.url).href)}
    borrow(${JSON.stringify(root)})
    writeFileSync(${JSON.stringify(join(root, nr))}, '99')
    console.log('changed')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  t.equal(borrower(root), child.pid)
  t.equal(isOwed(root), false, 'it is still going')
  t.throws(() => borrow(root), new Lacking(`mmfunc runs on this machine already, as process ${child.pid}`))
  child.kill('SIGKILL')
  await once(child, 'close')
  t.equal(borrower(root), undefined)
  t.equal(isOwed(root), true)
  t.throws(() => borrow(root), new Lacking(owedText))
  t.equal(read(nr), '99')
  t.strictSame(giveBack(root), [{ path: nr, from: '99', to: '4', done: true }])
  t.equal(isOwed(root), false)
  borrow(root)
})

t.test('who still changes settings is ended before they are given back', async t => {
  const { root, write } = machine(t)
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const ended = once(child, 'close')
  borrow(root)
  lend(child.pid!, root)
  write(nr, '99')
  t.strictSame(giveBack(root), [{ path: nr, from: '99', to: '4', done: true }])
  t.strictSame(await ended, [null, 'SIGTERM'])
})

t.test('a setting that cannot be had stays written down', async t => {
  const { root, write, record } = machine(t)
  borrow(root)
  write(nr, '0')
  const kept = readFileSync(record, 'utf8')
  // What is read back has no blank before it.
  writeFileSync(record, kept.replace('"4"', '" 4"'))
  t.match(giveBack(root), [{ path: nr, done: false }])
  t.ok(existsSync(record))
})

t.test('a pool that others use is not borrowed', async t => {
  const { root, write, read } = machine(t, { [pool('free_hugepages')]: '3\n' })
  t.strictSame(
    poolsToLeave(root).map(({ reason }) => reason),
    ['huge pages of this machine are in use (hugepages-2048kB)'],
  )
  borrow(root)
  write(nr, '5')
  write(enabled, 'always')
  t.strictSame(
    giveBack(root).map(({ path }) => path),
    [enabled],
  )
  t.equal(read(nr), '5')
})

t.test(
  'a pool whose reservations were driven below zero while it was borrowed is let go: nobody can set it',
  async t => {
    const { root, record, write } = machine(t)
    borrow(root)
    write(pool('resv_hugepages'), '18446744073709551612')
    t.match(poolsToLeave(root), [{ kilobytes: 2048, reason: /below zero until it boots/ }])
    // What is read back has no blank before it.
    writeFileSync(record, readFileSync(record, 'utf8').replace('"4"', '" 4"'))
    t.match(giveBack(root), [{ path: nr, done: false }])
    t.notOk(existsSync(record))
  },
)

t.test('what was borrowed before the machine was started anew is forgotten', async t => {
  const { root, write } = machine(t)
  borrow(root)
  write('proc/sys/kernel/random/boot_id', 'next-boot\n')
  write(nr, '0')
  t.strictSame(giveBack(root), [])
  t.equal(isOwed(root), false)
})

t.test('pages of each node are put where they were', async t => {
  const node = (i: number) => `sys/devices/system/node/node${i}/hugepages/hugepages-2048kB/nr_hugepages`
  const { root, write, read } = machine(t, { [node(0)]: '1\n', [node(1)]: '3\n' })
  borrow(root)
  for (const path of [node(0), node(1)]) write(path, '2\n')
  t.equal(giveBack(root).length, 2)
  t.strictSame([read(node(0)), read(node(1))], ['1', '3'])
})
