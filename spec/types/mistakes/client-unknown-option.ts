import { connect } from '../ws.ts'
import type { echo } from './kit.ts'

// @mistake
connect<typeof echo>('wss://localhost', { timeout: 5_000 })
