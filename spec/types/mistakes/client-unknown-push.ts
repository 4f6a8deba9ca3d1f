import { connect } from '../ws.ts'
import { type chat, room } from './kit.ts'

const client = connect<typeof chat>('wss://localhost', { protocol: room })
// @mistake
client.on('sed', () => {})
