import { connect } from '../ws.ts'
import type { chat } from './kit.ts'

const client = connect<typeof chat>('wss://localhost')
// @mistake
client.on('sed', () => {})
