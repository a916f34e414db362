// 5c3f9a67378b "mm: page migration remove_migration_ptes at lock+unlock level" (v4.4), with 7db7671f835c, by which the
// new page is locked where the old one is, and cf4b769abb8a, by which it is left alone until there is no turning back.

import * as migrate from '../../mm/migrate.ts'
import { patch } from '../patch.ts'
import { move_to_new_page } from './3fe2011ff51e.ts'
import { __unmap_and_move } from './746b18d421da.ts'

export default patch('5c3f9a67378b', {
  subject: 'mm: page migration remove_migration_ptes at lock+unlock level',
  release: 'v4.4',
  changes: {
    __unmap_and_move: { before: __unmap_and_move, after: migrate.__unmap_and_move },
    move_to_new_page: { before: move_to_new_page, after: migrate.move_to_new_page },
  },
})
