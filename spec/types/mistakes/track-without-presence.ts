import { ws } from '../ws.ts'
import { store } from './kit.ts'

// @mistake
ws().store(store).on('enter', ({ channel }) => channel('lobby').presence.track({ name: 'ann' }))
