import { connect } from '../ws.ts'
import type { echo } from './kit.ts'

const client = connect<typeof echo>('wss://localhost')
// @mistake
client.send('ecko', 'hi')
