import { connect } from '../ws.ts'
import type { chat } from './kit.ts'

// @mistake
connect<typeof chat>('wss://localhost', { timeoutMs: 5_000 })
