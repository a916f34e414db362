// mmfunc explain end to end: what it says of one patch, word for word, and what it refuses.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { explain } from './explain.ts'
import { root } from './project.ts'
import { Refusal } from './refusal.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const said = (...args: string[]): string =>
  execFileSync(process.execPath, [main, 'explain', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' })

t.test('a patch: its functions, what it changes, and the shortest point step by step', async t => {
  t.equal(
    said('37a2140dc214'),
    `37a2140dc214  mm, hugetlb: do not use a page in page cache for cow optimization
  v3.12
  mm/hugetlb.c  avoidCopy

3 cases that name it or a function that it changes (--all runs every case): 10 points
  1 v3.10   2 (1)+37a2140dc214
fixed, 6:
                              1             2
  hugetlb/corrupt-by-cow-opt  leaked-write  clean
  hugetlb/two-owners          leaked-write  clean
changed, 2:
                                     1             2
  hugetlb/punch-private[copied=yes]  leaked-write  counter-drift
2 the same

hugetlb/corrupt-by-cow-opt[page=2M]
  A private write never goes into the page of the file, also where nobody else maps that page.
  - v3.10: leaked-write   + v3.10+37a2140dc214: clean

  file: {as: f}
  mmap: {as: S, of: f, size: 1H, shared: yes}
    main S              none
  write: {S.page(3): 0x73}
    main S              pmd rw S.page(0..511)
    S.page(0)           count 2  mapcount 1  file  head hugetlb
  munmap: S
    main S              none
  mmap: {as: P, of: f, size: 1H}
    main P              none
  write: {P.page(3): 0x70}
    main P              pmd rw P.page(0..511)
-   P.page(0)           count 2  mapcount 1  file  dirty head hugetlb
-   leaked-write: huge frame 1024 is written to privately, and the file has it
-   wrong-count: hugepages-2048kB/resv_hugepages is +1, the case states +0
-   wrong-count: hugepages-2048kB/free_hugepages is -1, the case states -2
+   P.page(0)           count 1  mapcount 1  anon_vma of main P  head hugetlb
  munmap: P
    main P              none
  mmap: {as: R, of: f, size: 1H, shared: yes}
    main R              none
  read: {R.page(3): 0x73}
    main R              pmd rw R.page(0..511)
    R.page(0)           count 2  mapcount 1  file  dirty head hugetlb
-   wrong-data: R.page(3).page(0) reads 0x70, the case states 0x73
`,
  )
})

t.test('as JSON: the same, with everything that was seen', async t => {
  const told = JSON.parse(said('thp/halves', '--variant', 'v4.5', '--variant', 'v4.7', '--json'))
  t.match(told, {
    case: 'thp/halves',
    subjects: ['v4.5', 'v4.7'],
    points: [{ point: 'thp/halves', verdicts: [{ found: 'stale-mapping' }, { found: 'clean' }] }],
    story: { point: 'thp/halves', sides: [{ subject: 'v4.5' }, { subject: 'v4.7' }], replay: null },
  })
  t.match(told.story.sides[0].steps[0], { ranges: [{ process: 'main', range: 'A' }], pages: [{ mapcount: 1 }] })
})

t.test('what there is not is refused, with the nearest that there is', async t => {
  const rows: readonly (readonly [what: string, says: RegExp, ...variant: string[]])[] = [
    ['6d0a07edd17d', /nothing is called "6d0a07edd17d"; did you mean "6d0a07edd17c"\?/],
    ['thp-cwo', /nothing is called "thp-cwo"; did you mean "thp-cow"\?/],
    ['thp/halve', /no case, area or tag is called "thp\/halve"; did you mean "thp\/halves"\?/],
    ['cow', /"cow" names \d+ cases; explain takes one, a patch, or a topic: .*thp-cow/],
    ['thp/wp-pte[by=nobody]', /has no test point thp\/wp-pte\[by=nobody\]; it has thp\/wp-pte\[by=mprotect\], /],
    ['ba3c4ce6def4', /ba3c4ce6def4 \(v4\.14, ".*"\) cannot be run: the model does not have it/],
    ['6d0a07edd17c', /--variant chooses what a case is explained under/, 'v4.5'],
    ['thp/halves', /variant v9: .* no release/, 'v9'],
  ]
  process.chdir(root)
  for (const [what, says, ...variant] of rows) {
    const error = await explain(what, { variant, patch: [] }).catch(error => error)
    t.ok(error instanceof Refusal, what)
    t.match(error.text, says)
  }
})
