// Preloaded into a measured node: says at its end, on file descriptor 3, how much memory it had at its peak.

import { writeSync } from 'node:fs'

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)))
