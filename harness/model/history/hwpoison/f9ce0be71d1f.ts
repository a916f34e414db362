// f9ce0be71d1f "mm: Cleanup faultaround and finish_fault() codepaths" (v5.12). Of it only this: fault-around looks
// whether the memory of a page has failed with the page locked. Before, it looked first; but then a page whose memory
// had failed meanwhile was not the file's any more, which changes with a76054266661.

import { stillInFile as before } from '../../mm/memory_file.ts'
import type { AddressSpace, Page } from '../../mm/mm_types.ts'
import { PageHWPoison } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

const stillInFile = (page: Page, mapping: AddressSpace, index: number): boolean =>
  before(page, mapping, index) && !PageHWPoison(page)

export default patch('f9ce0be71d1f', {
  subject: 'mm: Cleanup faultaround and finish_fault() codepaths',
  release: 'v5.12',
  changes: { stillInFile: { before, after: stillInFile } },
})
