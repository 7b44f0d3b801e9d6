import { readdirSync, readFileSync } from 'node:fs'

/** CPU that a process has used so far, user and system, all threads; microseconds. */
export function cpuMicros(pid: number): number {
  // The scheduler's own count, in nanoseconds: utime and stime of /proc/PID/stat tick in steps of 10 ms.
  let nanos = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  }
  return nanos / 1_000
}

/** Memory that a process holds at the moment, in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1_024
}
