// 6cdb18ad98a4 "mm/vmstat: fix overflow in mod_zone_page_state()" (v4.4).
//
// What is added to a counter is a long. Before, it is an int, which hides that munlock negates an unsigned number.

import { __mod_zone_page_state as after, mod_zone_page_state } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

function before(item: number, delta: number): void {
  mod_zone_page_state(item, delta | 0)
}

export default patch('6cdb18ad98a4', {
  subject: 'mm/vmstat: fix overflow in mod_zone_page_state()',
  release: 'v4.4',
  changes: { __mod_zone_page_state: { before, after } },
})
