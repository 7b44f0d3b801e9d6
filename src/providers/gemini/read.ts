export * from '../../protocol/read.ts'
