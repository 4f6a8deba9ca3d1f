import { echo } from './kit.ts'

// @mistake
echo.server.channel('lobby')
