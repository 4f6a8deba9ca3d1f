export { first as handler } from './several.ts'
