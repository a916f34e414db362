import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { BadPatch, loadPatch } from './load-patch.ts'
import { resolveVariant } from './variant.ts'

const good = `
import { page_mapcount, type Page, patch, reuse_swap_page as before } from 'mmfunc/model'
function after(page: Page): boolean {
  return page_mapcount(page) <= 1
}
export default patch('own', { subject: 'own', release: undefined, changes: { reuse_swap_page: { before, after } } })
`

const dir = await mkdtemp(join(tmpdir(), 'mmfunc-patch-'))
process.env.XDG_CACHE_HOME = dir

async function write(name: string, text: string): Promise<string> {
  const file = join(dir, name)
  await writeFile(file, text)
  return file
}

/** What a person reads. */
async function problem(name: string, text: string): Promise<string> {
  const file = await write(name, text)
  const error = await loadPatch(file).catch((e: unknown) => e)
  if (!(error instanceof BadPatch)) throw new Error(`${name} is no BadPatch: ${error}`)
  return error.message.replaceAll(file, name)
}

t.teardown(async () => (await import('node:fs/promises')).rm(dir, { recursive: true }))

t.test('a patch of its own applies to the release that it was written for', async t => {
  const file = await write('own.ts', good)
  const own = await loadPatch(file)
  t.equal(own.id, 'own')
  t.ok(resolveVariant('v4.5+own', [own]).ok)
  t.same(resolveVariant('v4.6+own', [own]), {
    ok: false,
    reason: 'own does not apply: reuse_swap_page is not as it expects in v4.6',
  })
  t.equal((await loadPatch(file)).id, 'own', 'the second time from the cache')
})

t.test('a wrong name, a wrong signature and a wrong file have their place', async t => {
  t.match(
    await problem('name.ts', good.replace('page_mapcount(page)', 'page_mapcout(page)')),
    /^name\.ts:4:10 TS2552: .*page_mapcount/,
  )
  t.match(await problem('type.ts', good.replace('): boolean', '): string')), /^type\.ts:4:3 TS2322/)
  t.match(
    await problem('function.ts', good.replace('changes: { reuse_swap_page', 'changes: { reuse_swop_page')),
    /^function\.ts:6:\d+ TS2561/,
  )
  t.match(await problem('empty.ts', 'export {}\n'), /^empty\.ts:1:1 NO_PATCH/)
  t.match(await problem('syntax.ts', 'export default {{\n'), /^syntax\.ts:1:\d+ TS\d+/)
  await t.rejects(loadPatch(join(dir, 'none.ts')), { message: /no such file/ })
})
