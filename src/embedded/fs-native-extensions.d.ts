declare module 'fs-native-extensions' {
  /** Whether the operating system granted an exclusive lock on the open file. */
  export const tryLock: (fd: number) => boolean
}
