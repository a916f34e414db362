import t from 'tap'
import { gravest, gravityOf, withoutTime } from './console.ts'

t.test('each kind of complaint is known by its first line, in the words of old and new kernels', async t => {
  t.equal(gravityOf('[    3.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009'), 'panic')
  t.equal(gravityOf('[    3.1] BUG: unable to handle kernel NULL pointer dereference at           (null)'), 'oops')
  t.equal(gravityOf('BUG: kernel NULL pointer dereference, address: 0000000000000008'), 'oops')
  t.equal(gravityOf('BUG: unable to handle page fault for address: ffffea0004000034'), 'oops')
  t.equal(gravityOf('kernel BUG at mm/huge_memory.c:2960!'), 'oops')
  t.equal(gravityOf('WARNING: CPU: 0 PID: 80 at mm/gup.c:19 try_grab_page+0x30/0xa0'), 'warning')
  t.equal(gravityOf('WARNING: mm/page_alloc.c:4735 at foo+0x1/0x2, CPU#0: init/1'), 'warning')
  t.equal(gravityOf('BUG: Bad page state in process init  pfn:2f800'), 'warning')
  t.equal(gravityOf('BUG: Bad rss-counter state mm:ffff88002e MM_ANONPAGES:1'), 'warning')
  t.equal(gravityOf('watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [init:80]'), 'warning')
  t.equal(gravityOf('init invoked oom-killer: gfp_mask=0x140cca, order=0, oom_score_adj=0'), 'out-of-memory')
  t.equal(gravityOf('Out of memory: Kill process 80 (init) score 600 or sacrifice child'), 'out-of-memory')
  t.equal(gravityOf('Unstable clock detected, switching default tracing clock to "global"'), undefined)
})

t.test('the gravest line is told, without its time: the oops before the panic that follows it', async t => {
  const log = [
    '[    2.5] WARNING: CPU: 0 PID: 1 at mm/x.c:1',
    '[    2.600000] kernel BUG at mm/rmap.c:1178!',
    '[    2.7] Kernel panic - not syncing: Fatal exception',
  ]
  t.strictSame(gravest(log), { gravity: 'oops', line: 'kernel BUG at mm/rmap.c:1178!' })
  t.equal(gravest(['Freeing unused kernel memory']), undefined)
  t.equal(withoutTime('<4>[   12.345678] [   T80] BUG: x'), 'BUG: x')
})
